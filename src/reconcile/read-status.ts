import { readServerFacts } from '../catalog/read-server-facts.ts';
import { type Leader, readLeader } from '../journal/leadership.ts';
import { readCopyProgress } from '../journal/migration/progress.ts';
import { type ProbeSummary, probeRecordsSince, readProbeSummaries } from '../journal/probe-records.ts';
import { type JournalContents, readJournal } from '../journal/read-journal.ts';
import { type LastRun, readLastRuns } from '../journal/runs.ts';
import { formatInstant } from '../partition/calendar.ts';
import type { DatabasePolicy, Safety } from '../partition/policy.ts';
import { formatQualifiedName } from '../partition/qualified-name.ts';
import { nextCommand } from '../plan/migration/next-command.ts';
import { defaultMigration } from '../plan/migration/regrain/default-policy.ts';
import type { Task } from '../plan/step.ts';
import type { Clock } from '../postgres/clock.ts';
import type { Session } from '../postgres/session.ts';
import { assertUsableServer } from './assert-usable-server.ts';
import { planTables } from './plan-tables.ts';
import { readWork } from './read-work.ts';
import type { ReconcileRequest } from './request.ts';
import type { DatabaseStatus, MigrationSummary, RunStatus } from './status.ts';
import { tableStatus } from './table-status.ts';
import { readMarksFor } from './upkeep-reading.ts';

/** All of them, so that the status has what `check` finds and `plan` would do. */
const everyTask: readonly Task[] = ['provision', 'retention', 'maintenance', 'index'];

/**
 * The tables of one database as they stand, in the order of the policy, with what a plan would do and find. Reads only. Throws
 * `ConnectionError` when the database is out of reach; what is wrong with one table stands in its `error`.
 */
export async function readDatabaseStatus(
  session: Session,
  database: DatabasePolicy,
  context: { readonly safety: Safety; readonly clock: Clock },
  signal: AbortSignal,
): Promise<DatabaseStatus> {
  const request: ReconcileRequest = { mode: 'plan', tasks: everyTask, tables: null, now: null, allowRemovals: null };
  const facts = await readServerFacts(session, context.clock, signal);
  assertUsableServer(facts, 'plan', database.name);
  const journal = await readJournal(session, database.journalSchema, signal);
  const past = await readPast(session, database.journalSchema, journal.version, signal);
  const marks = await readMarksFor({ request, session, database, signal }, journal);
  const planned = await planTables(database.tables, { session, journal, marks, facts, request, context, signal });
  const migrations = await summarise(session, database, journal, signal);
  const work = await readWork(session, signal);
  return {
    database: database.name,
    now: formatInstant(facts.now),
    paused: journal.pause === null ? null : { reason: journal.pause.reason, by: journal.pause.by, at: formatInstant(journal.pause.at) },
    error: null,
    leader: past.leader === null ? null : leaderStatus(past.leader),
    tables: planned.map((table) => tableStatus(table, { now: facts.now, work, probes: past.probes, migrations })),
    runs: past.runs.map(
      (run): RunStatus => ({
        task: run.task,
        startedAt: formatInstant(run.startedAt),
        finishedAt: run.finishedAt === null ? null : formatInstant(run.finishedAt),
        outcome: run.outcome,
      }),
    ),
  };
}

/** What the journal tells besides that which plans are made with. */
interface Past {
  readonly runs: readonly LastRun[];
  readonly probes: readonly ProbeSummary[];
  readonly leader: Leader | null;
}

const nothing: Past = { runs: [], probes: [], leader: null };

async function readPast(session: Session, schema: string, version: number | null, signal: AbortSignal): Promise<Past> {
  if (version === null) return nothing;
  return {
    runs: await readLastRuns(session, schema, signal),
    probes: version < probeRecordsSince ? [] : await readProbeSummaries(session, schema, signal),
    leader: await readLeader(session, schema, signal),
  };
}

/** Of all configured tables that are under migration. */
async function summarise(
  session: Session,
  { tables, journalSchema }: DatabasePolicy,
  { migrations }: JournalContents,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, MigrationSummary>> {
  const summaries = new Map<string, MigrationSummary>();
  for (const record of migrations) {
    const name = formatQualifiedName(record.table);
    const policy = tables.find(({ table }) => formatQualifiedName(table) === name);
    if (policy === undefined) continue;
    const { phase, live, paused, rowsEstimated } = record;
    const { copiedRows, now } = await readCopyProgress(session, journalSchema, record.id, signal);
    const next = nextCommand(record, (policy.migration ?? defaultMigration('')).verify.maxAgeMs, now);
    summaries.set(name, { phase, live, paused, rowsCopied: copiedRows, rowsEstimated, next });
  }
  return summaries;
}

function leaderStatus({ holder, epoch, since }: Leader): DatabaseStatus['leader'] {
  return { holder, epoch: epoch.toString(), since: formatInstant(since) };
}
