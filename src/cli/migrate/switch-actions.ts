import { MigrationError, UsageError } from '../../errors.ts';
import type { StoredMigration } from '../../journal/migration/records.ts';
import { catchUp } from '../../migrate/replay/catch-up.ts';
import type { OpenEngine } from '../../migrate/run/open-engine.ts';
import { pausedError, waitsForPerson } from '../../migrate/run/pause-migration.ts';
import { runMigration } from '../../migrate/run/run-migration.ts';
import { assertMayGoOn, DefinitionChanged } from '../../migrate/run/watch.ts';
import { reloadRecord } from '../../migrate/save.ts';
import { abort } from '../../migrate/switch/abort.ts';
import { finish } from '../../migrate/switch/finish.ts';
import { settleForeignKeys } from '../../migrate/switch/settle.ts';
import { type SwitchReport, switchOver } from '../../migrate/switch/switch-over.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import { migrateCommand } from '../../plan/migration/next-command.ts';
import { compareSides } from '../../probe/compare-sides.ts';
import { options } from '../command-line/options.ts';
import { comparedProbesText } from '../output/compared-probes-text.ts';
import { migrationDocument } from '../output/migration-document.ts';
import { printJson } from '../output/print-json.ts';
import { printable } from '../output/printable.ts';
import { type MigrationWork, statusNow, storedMigration, withEngine, withSession } from './migration-work.ts';
import { printStatus } from './status-action.ts';

/** `migrate switch`: makes the new table live and settles it; where it is live already, only the latter. */
export async function runSwitchAction(work: MigrationWork): Promise<number> {
  const { invocation, io } = work;
  const record = await currentMigration(work);
  const isRehearsal = invocation.has(options.rehearse);
  if (record.phase !== 'ready' && (isRehearsal || record.phase !== 'switched'))
    throw wrongPhase(record, `only a migration that is ready can be switched; \`${migrateCommand('start', record.table)}\` leads there`);
  return await withEngine(work, record.id, async (running) => {
    const { engine } = running;
    const { paused } = engine.record;
    if (paused !== null && waitsForPerson(engine.record)) throw pausedError(engine, paused.reason);
    if (engine.record.phase === 'ready') {
      await runMigration(running, 'ready', io.signal);
      const report = await switchOver(engine, isRehearsal, io.signal);
      if (isRehearsal) return printRehearsal(work, report);
      await reloadRecord(engine, io.signal);
    }
    await runMigration(running, 'ready', io.signal);
    return null;
  }).then((code) => code ?? endedSwitch(work));
}

/** The status, and what the probes of the table take through its old and its new side, where `readSchemas` names both. */
async function endedSwitch(work: MigrationWork): Promise<number> {
  const { invocation, io, policy, database, configuration } = work;
  const { readSchemas } = policy.migration;
  if (readSchemas === null || policy.probes.length === 0) return await ended(work);
  const request = { readSchemas, probeRole: database.probeRole, safety: configuration.safety, clock: io.clock };
  const probes = await withSession(work, (session) => compareSides(session, policy, request, io.signal));
  if (invocation.has(options.json)) {
    const status = await withSession(work, (session) => statusNow(work, session));
    printJson(io.stdout, { ...migrationDocument(status), probes });
    return 0;
  }
  await printStatus(work);
  if (probes.length > 0) io.stdout.write(`\n${comparedProbesText(probes)}`);
  return 0;
}

/**
 * `migrate rollback`: makes the old table live again and validates its foreign keys, which came back NOT VALID; where it is live already, only the
 * latter. A pause does not keep anybody from going back.
 */
export async function runRollbackAction(work: MigrationWork): Promise<number> {
  const record = await currentMigration(work);
  const isBack = record.phase === 'ready' && record.lastSwitch?.direction === 'back';
  if (record.phase !== 'switched' && !isBack)
    throw wrongPhase(record, `there is no switch to take back; \`${migrateCommand('abort', record.table)}\` gives the migration up`);
  await withEngine(work, record.id, (running) => goBack(running, work.io.signal));
  return await ended(work);
}

async function goBack({ engine }: OpenEngine, signal: AbortSignal): Promise<void> {
  await assertMayGoOn(engine, engine.session, signal).catch((error: unknown) => {
    throw error instanceof DefinitionChanged ? notBack(engine, error) : error;
  });
  if (engine.record.live === 'target') {
    await catchUp(engine, signal);
    await switchOver(engine, false, signal);
    await reloadRecord(engine, signal);
  }
  await settleForeignKeys(engine, signal);
}

function notBack({ spec }: OpenEngine['engine'], { message }: DefinitionChanged): MigrationError {
  return new MigrationError('PD643', `Could not switch ${formatQualifiedName(spec.table)} back. ${message}`);
}

/** `migrate finish`: only with --yes, which the refusal says the meaning of. */
export async function runFinishAction(work: MigrationWork): Promise<number> {
  const { invocation, io, policy } = work;
  const table = formatQualifiedName(policy.table);
  const isDroppedNow = invocation.has(options.dropNow);
  if (!invocation.has(options.yes)) {
    const then = isDroppedNow ? 'drops the old table at once' : 'drops the old table after `keepOld`';
    throw new UsageError(
      'PD008',
      `finish ends the synchronisation of the old table of ${table}, after which there is no rollback, and ${then}. Add --yes to do so.`,
    );
  }
  const record = await currentMigration(work, 'finished');
  if (record.phase === 'finished') return await ended(work);
  if (record.phase !== 'switched')
    throw wrongPhase(
      record,
      `only one that was switched can be finished; \`${migrateCommand('status', record.table)}\` names the next command`,
    );
  await withEngine(work, record.id, ({ engine }) => finish(engine, isDroppedNow, io.signal));
  return await ended(work);
}

/** `migrate abort`: only while the old table is live. */
export async function runAbortAction(work: MigrationWork): Promise<number> {
  const record = await currentMigration(work, 'aborted');
  if (record.phase === 'aborted') return await ended(work);
  if (record.live === 'target')
    throw wrongPhase(
      record,
      `the new table takes the writes: \`${migrateCommand('rollback', record.table)}\` makes the old one live again, then abort`,
    );
  await withEngine(work, record.id, ({ engine }) => abort(engine, work.io.signal));
  return await ended(work);
}

/** The migration that is not over yet, or has come to `end`, which is where a repeated command finds it. */
async function currentMigration(work: MigrationWork, end: StoredMigration['phase'] | null = null): Promise<StoredMigration> {
  const record = await withSession(work, (session) => storedMigration(work, session));
  if ((record.phase === 'finished' || record.phase === 'aborted') && record.phase !== end) throw wrongPhase(record, 'it is over');
  return record;
}

function wrongPhase({ table, phase }: StoredMigration, why: string): MigrationError {
  return new MigrationError('PD601', `The migration of ${formatQualifiedName(table)} is in phase ${phase}: ${why}.`);
}

async function ended(work: MigrationWork): Promise<number> {
  await printStatus(work);
  return 0;
}

function printRehearsal({ invocation, io }: MigrationWork, report: SwitchReport): number {
  if (invocation.has(options.json)) {
    printJson(io.stdout, report);
    return 0;
  }
  const lines = report.statements.map(({ sql, ms }) => `${ms.toFixed(1).padStart(8)} ms  ${printable(sql)}\n`);
  const held = `Locks were held for ${Math.round(report.lockMs)} ms, attempt ${report.attempts}; all of it was rolled back.\n`;
  io.stdout.write(lines.join('') + held);
  return 0;
}
