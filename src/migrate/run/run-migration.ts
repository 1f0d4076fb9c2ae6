import { MigrationError, StatementError } from '../../errors.ts';
import { type MigrationPhase, migrationPhases } from '../../partition/migration/spec.ts';
import { migrateCommand } from '../../plan/migration/next-command.ts';
import { sqlstates } from '../../postgres/sqlstate.ts';
import type { Engine } from '../engine.ts';
import { saveMigration } from '../save.ts';
import { verifyWhole } from '../verify/verify-whole.ts';
import { acceptInterruptedCapture, keepFingerprint } from './check-definition.ts';
import type { RunningEngine } from './open-engine.ts';
import { clearMigrationPause, pausedError, pauseMigration, waitsForPerson } from './pause-migration.ts';
import { assertMayGoOn, DefinitionChanged, startWatch } from './watch.ts';
import { workOf } from './work-of-phase.ts';

/**
 * Goes on from wherever the migration is: through the work of phase `until` (at most `ready`), or, after a switch, until the new table is settled
 * and the log empty. A phase is written before its work begins; each function reads what is missing, so this may be called after anything.
 * Throws `MigrationError` (PD602 paused, PD603 paused by `partitiond pause`), the signal's reason, and what a phase throws.
 */
export async function runMigration(running: RunningEngine, until: MigrationPhase, signal: AbortSignal): Promise<void> {
  const { engine } = running;
  const { paused } = engine.record;
  if (paused !== null && waitsForPerson(engine.record)) throw pausedError(engine, paused.reason);
  await watched(running, signal, async (watchSignal) => {
    for (;;) {
      await keepFingerprint(engine, watchSignal);
      await assertMayGoOn(engine, engine.session, watchSignal);
      const { phase } = engine.record;
      if (rank(phase) > rank(until) && phase !== 'switched') return;
      await workOf(engine, phase)(engine, watchSignal);
      const next = nextPhase(engine, phase);
      if (next === null || rank(next) > rank(until)) return;
      await saveMigration(engine, { phase: next }, watchSignal);
    }
  });
}

/**
 * What `migrate start` does: takes a pause away, and goes on. In a phase that verifies nothing of itself everything is verified first after a
 * mismatch, or with triggers that were off in between; the pause stays, or comes, when anything differs.
 */
export async function startMigration(running: RunningEngine, until: MigrationPhase, signal: AbortSignal): Promise<void> {
  const { engine } = running;
  const { paused, phase } = engine.record;
  const isInterrupted = await acceptInterruptedCapture(engine, signal);
  const isDoubtful = isInterrupted || paused?.kind === 'mismatch';
  if (isDoubtful && (phase === 'ready' || phase === 'switched')) await verifyNow(running, signal);
  await clearMigrationPause(engine, signal);
  await runMigration(running, until, signal);
}

/** What `migrate verify` does. Also of a migration that is paused, which it stays for any reason but what it settles. */
export async function verifyNow(running: RunningEngine, signal: AbortSignal): Promise<void> {
  const { engine } = running;
  await acceptInterruptedCapture(engine, signal);
  await watched(running, signal, async (watchSignal) => {
    await assertMayGoOn(engine, engine.session, watchSignal);
    await verifyWhole(engine, watchSignal);
  });
}

/** Runs `body` under a watch, and writes a pause down when that has ended it for a changed definition or a full disk, or duplicates have. */
export async function watched(running: RunningEngine, signal: AbortSignal, body: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const { engine } = running;
  const watch = await startWatch(running, signal);
  try {
    await body(watch.signal);
  } catch (error) {
    signal.throwIfAborted();
    const reason: unknown = watch.signal.aborted ? watch.signal.reason : error;
    if (reason instanceof DefinitionChanged) await pauseMigration(engine, 'definition', reason.message, signal);
    if (reason instanceof MigrationError && reason.code === 'PD629') await pauseMigration(engine, 'definition', reason.message, signal);
    if (reason instanceof StatementError && reason.sqlstate === sqlstates.diskFull) {
      await pauseMigration(
        engine,
        'disk',
        `${reason.message} Make room, then run \`${migrateCommand('start', engine.spec.table)}\` again`,
        signal,
      );
    }
    if (reason instanceof MigrationError && reason.code === 'PD625') await tellDuplicates(engine, reason, signal);
    throw reason;
  } finally {
    await watch.stop();
  }
}

/** A pause that a person must end is not hidden by one that ends by itself. */
async function tellDuplicates(engine: Engine, { message }: MigrationError, signal: AbortSignal): Promise<void> {
  const { paused } = engine.record;
  if (waitsForPerson(engine.record) || paused?.reason === message) return;
  await saveMigration(engine, { paused: { kind: 'duplicates', reason: message } }, signal);
}

/** Null: from there on a person decides. */
function nextPhase({ spec }: Engine, phase: MigrationPhase): MigrationPhase | null {
  if (spec.strategy === 'attach' && phase === 'prepare') return 'verify';
  return rank(phase) < rank('ready') ? (migrationPhases[rank(phase) + 1] ?? null) : null;
}

/** Whether a migration in `phase` has come as far as `wanted`, and is not over. */
export function runsFrom(phase: MigrationPhase, wanted: MigrationPhase): boolean {
  return rank(phase) >= rank(wanted) && phase !== 'finished' && phase !== 'aborted';
}

function rank(phase: MigrationPhase): number {
  return migrationPhases.indexOf(phase);
}
