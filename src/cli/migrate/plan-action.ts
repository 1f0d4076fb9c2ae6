import { readServerFacts } from '../../catalog/read-server-facts.ts';
import { MigrationError, UsageError } from '../../errors.ts';
import { readJournalPlace } from '../../journal/install.ts';
import { decodePause, pauseSql } from '../../journal/pause.ts';
import { isUnfinished, type PlannedMigration, readMigrationOf } from '../../migrate/run/begin-migration.ts';
import { runTrial } from '../../migrate/trial/run-trial.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import { applyTrial } from '../../plan/migration/extent/trial.ts';
import type { MigrationPlan } from '../../plan/migration/migration-plan.ts';
import { migrateCommand } from '../../plan/migration/next-command.ts';
import type { Session } from '../../postgres/session.ts';
import { assertUsableServer } from '../../reconcile/assert-usable-server.ts';
import { options } from '../command-line/options.ts';
import { printJson } from '../output/print-json.ts';
import { engineTools, type MigrationWork, withSession } from './migration-work.ts';
import { planText } from './plan-text.ts';
import { assertPlannable, isWhole, readPlan } from './read-plan.ts';

const mostRows = 1_000_000_000;

/**
 * `migrate plan`: reads the catalog and prints what would be done; writes nothing, not even a journal. With `--trial` it tries that out on some rows
 * in a schema of its own, which it drops again. Exits 4 when something is refused.
 */
export async function runPlanAction(work: MigrationWork): Promise<number> {
  assertPlannable(work);
  const { invocation, io, database } = work;
  const rows = trialRows(invocation.value(options.trial));
  if (rows !== null && !isWhole(invocation)) {
    throw new UsageError('PD003', '--trial is of whole tables; leave it out of a plan for --partitions or --drain-default.');
  }
  const { planned, now } = await withSession(work, async (session) => {
    const facts = await readServerFacts(session, io.clock, io.signal);
    if (rows !== null) {
      assertUsableServer(facts, 'apply', database.name);
      await assertNotPaused(work, session);
    }
    await assertNoneUnderWay(work, session);
    return { planned: await readPlan(work, session, facts.now), now: facts.now };
  });
  const isTried = rows !== null && planned.plan.spec !== null;
  const plan = isTried ? await tried(work, planned, rows, now) : planned.plan;
  if (invocation.has(options.json)) printJson(io.stdout, plan);
  else io.stdout.write(planText(plan));
  return plan.spec === null ? 4 : 0;
}

async function tried(work: MigrationWork, planned: PlannedMigration, rows: number, now: bigint): Promise<MigrationPlan> {
  const { policy, io } = work;
  const tools = engineTools(work, 'debug');
  try {
    const measured = await runTrial({ ...tools.request, policy, planned, rows, now }, io.signal);
    return applyTrial(planned.plan, measured, planned.circumstances);
  } finally {
    tools.stop();
  }
}

/** What is made already would only be in the way of another plan. */
async function assertNoneUnderWay({ database, policy, io }: MigrationWork, session: Session): Promise<void> {
  const record = await readMigrationOf(session, database.journalSchema, policy.table, io.signal);
  if (record === null || !isUnfinished(record)) return;
  throw new MigrationError(
    'PD601',
    `A migration of ${formatQualifiedName(policy.table)} is under way, in phase ${record.phase}: \`${migrateCommand('status', policy.table)}\` ` +
      'shows where it is and what comes next.',
  );
}

/** A pause is of all that partitiond writes in a database. */
async function assertNotPaused({ database, io }: MigrationWork, session: Session): Promise<void> {
  const { isInstalled } = await readJournalPlace(session, database.journalSchema, io.signal);
  if (!isInstalled) return;
  const [pause] = await session.rows(pauseSql(database.journalSchema), [], decodePause, io.signal);
  if (pause === undefined) return;
  const fix = 'Run `partitiond resume`, then try again; a plan without --trial writes nothing.';
  throw new MigrationError('PD603', `Work on database ${database.name} was paused by ${pause.by}: ${pause.reason}. ${fix}`);
}

function trialRows(text: string | null): number | null {
  if (text === null) return null;
  const rows = /^[1-9]\d{0,9}$/.test(text) ? Number(text) : 0;
  if (rows >= 1 && rows <= mostRows) return rows;
  throw new UsageError('PD003', `--trial ${JSON.stringify(text)} is no whole number of rows, for example --trial 100000.`);
}
