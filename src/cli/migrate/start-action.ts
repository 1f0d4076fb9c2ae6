import { readServerFacts } from '../../catalog/read-server-facts.ts';
import { UsageError } from '../../errors.ts';
import { beginMigration, isUnfinished, readMigrationOf } from '../../migrate/run/begin-migration.ts';
import { startMigration } from '../../migrate/run/run-migration.ts';
import { liveOidOf } from '../../migrate/switch/read-facts.ts';
import { removeTrials } from '../../migrate/trial/trial-schemas.ts';
import { type MigrationPhase, migrationPhases } from '../../partition/migration/spec.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import { migrateCommand } from '../../plan/migration/next-command.ts';
import type { Session } from '../../postgres/session.ts';
import { assertUsableServer } from '../../reconcile/assert-usable-server.ts';
import { options } from '../command-line/options.ts';
import { whoRuns } from '../databases/reconcile-databases.ts';
import { type MigrationWork, withEngine, withSession } from './migration-work.ts';
import { planText } from './plan-text.ts';
import { isWhole, readPlan } from './read-plan.ts';
import { printStatus } from './status-action.ts';

/** Where a person decides what comes next, so that no start goes beyond it. */
const stops = migrationPhases.slice(migrationPhases.indexOf('prepare'), migrationPhases.indexOf('ready') + 1);

/** `migrate start`: plans and writes down a migration where none is unfinished, and goes on with it until the phase is reached. */
export async function runStartAction(work: MigrationWork): Promise<number> {
  const until = untilPhase(work);
  const id = await withSession(work, (session) => unfinishedMigration(work, session));
  if (id === 'refused') return 4;
  try {
    if (id !== 'finished') await goOn(work, id, until);
    await printStatus(work);
    return 0;
  } catch (error) {
    if (!work.io.signal.aborted || error !== work.io.signal.reason) throw error;
    work.io.stderr.write(`Interrupted; what was done stays. ${migrateCommand('start', work.policy.table)} goes on.\n`);
    return 4;
  }
}

async function goOn(work: MigrationWork, id: string, until: MigrationPhase): Promise<void> {
  await withEngine(work, id, (running) => startMigration(running, until, work.io.signal));
}

/** The id of the migration to go on with, perhaps a new one. Refused: by its plan, which is printed. Finished: the table is what one has made. */
async function unfinishedMigration(work: MigrationWork, session: Session): Promise<string> {
  const { database, policy, io } = work;
  const facts = await readServerFacts(session, io.clock, io.signal);
  assertUsableServer(facts, 'apply', database.name);
  await removeTrials(session, io.clock, io.signal);
  const record = await readMigrationOf(session, database.journalSchema, policy.table, io.signal);
  if (record !== null && isUnfinished(record)) return record.id;
  const planned = await readPlan(work, session, facts.now);
  if (isWhole(work.invocation) && record?.phase === 'finished' && planned.definition.oid === liveOidOf(record)) {
    io.stderr.write(`There is nothing to do: ${formatQualifiedName(policy.table)} was migrated, and its entry manages it.\n`);
    return 'finished';
  }
  if (planned.plan.spec === null) {
    io.stderr.write(planText(planned.plan));
    return 'refused';
  }
  return await beginMigration(session, database.journalSchema, planned, whoRuns('migrate', io), io.signal);
}

function untilPhase({ invocation }: MigrationWork): MigrationPhase {
  const word = invocation.value(options.until) ?? 'ready';
  const phase = stops.find((candidate) => candidate === word);
  if (phase !== undefined) return phase;
  throw new UsageError('PD003', `--until ${JSON.stringify(word)} is no phase that start can reach; there are ${stops.join(', ')}.`);
}
