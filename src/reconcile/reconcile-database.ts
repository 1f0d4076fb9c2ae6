/**
 * The use case: read -> plan -> apply -> read again -> report, for the tables of one database over one session. The only place that
 * isolates tables from one another: whatever fails for one is its own report, the others go on. Knows neither logs nor metrics; everything
 * that happens leaves through the observer.
 */
import { randomUUID } from 'node:crypto';
import { readServerFacts } from '../catalog/read-server-facts.ts';
import { type PartitiondError, StatementError } from '../errors.ts';
import { installJournal } from '../journal/install.ts';
import { trimJournal } from '../journal/operations.ts';
import { type JournalContents, readJournal } from '../journal/read-journal.ts';
import { beginRun, finishRun } from '../journal/runs.ts';
import type { ServerFacts } from '../partition/partition.ts';
import type { DatabasePolicy, TablePolicy } from '../partition/policy.ts';
import { formatQualifiedName, type QualifiedName } from '../partition/qualified-name.ts';
import type { Session } from '../postgres/session.ts';
import { assertUsableServer } from './assert-usable-server.ts';
import { breather } from './breather.ts';
import type { RunReport, TableReport } from './event.ts';
import { isDone } from './is-done.ts';
import { type PlannedTable, planTables } from './plan-tables.ts';
import { endsRun, reconcileTable, untouched } from './reconcile-table.ts';
import { type AwaitingTable, reconcileUpkeep } from './reconcile-upkeep.ts';
import type { ReconcileContext, ReconcileRequest } from './request.ts';
import type { Run } from './run.ts';
import { readMarksFor } from './upkeep-reading.ts';

/**
 * Reconciles the requested tables once. Mode `plan` writes nothing, not even the journal schema. Throws `ConnectionError` or `ConfigError`
 * when the database as a whole cannot be worked on (unreachable, too old, a standby), `NotLeaderError` when another leads by now, and the
 * signal's reason when it was aborted before all tables had been read; nothing was changed then. Everything later is in the report, one
 * entry per requested table in the order in which they have their turn. However it ends, the observer is told by `run-finished`.
 */
export async function reconcileDatabase(
  session: Session,
  database: DatabasePolicy,
  request: ReconcileRequest,
  context: ReconcileContext,
  signal: AbortSignal,
): Promise<RunReport> {
  const runId = randomUUID();
  const run: Run = {
    id: runId,
    session,
    database,
    request,
    context,
    signal,
    emit: (event) => context.observe({ ...event, runId, database: database.name }),
  };
  run.emit({ kind: 'run-started', tasks: request.tasks });
  const startedAt = context.clock.monotonicMs();
  let report: RunReport | null = null;
  try {
    report = await work(run);
    return report;
  } finally {
    const known: RunReport = report ?? { runId, database: database.name, facts: null, pause: null, tables: [], unreached: [] };
    const durationMs = context.clock.monotonicMs() - startedAt;
    run.emit({ kind: 'run-finished', report: known, durationMs, outcome: outcomeOf(report, request.mode, signal) });
  }
}

async function work(run: Run): Promise<RunReport> {
  const { session, database, request, context, signal } = run;
  const facts = await readServerFacts(session, context.clock, signal);
  assertUsableServer(facts, request.mode, database.name);
  if (request.mode === 'apply') await installJournal(session, database.journalSchema, signal);
  const journal = await readJournal(session, database.journalSchema, signal);
  const body = (): Promise<RunReport> => reconcileTables(run, facts, journal);
  if (request.mode === 'plan') return await body();
  const report = await journalled(run, body);
  if (request.tasks.includes('retention') && report.pause === null) await forgetHistory(run);
  return report;
}

/** History is no reason to call a run failed: what could not be forgotten now, the next run forgets. */
async function forgetHistory({ session, database, context, signal }: Run): Promise<void> {
  await trimJournal(session, database.journalSchema, context.journalKeepMs, context.epochGuard, signal).catch(() => undefined);
}

async function reconcileTables(run: Run, facts: ServerFacts, journal: JournalContents): Promise<RunReport> {
  const { session, database, request, context, signal } = run;
  const readAt = context.clock.monotonicMs();
  const marks = await readMarksFor(run, journal);
  const planned = [...(await planTables(selectPolicies(database, request), { session, journal, marks, facts, request, context, signal }))];
  run.emit({
    kind: 'snapshot-read',
    isWhole: request.tables === null,
    facts,
    tables: planned.flatMap((table) =>
      table.state === null || table.plan === null ? [] : [{ policy: table.policy, state: table.state, plan: table.plan }],
    ),
    durationMs: context.clock.monotonicMs() - readAt,
  });
  return await reconcilePlanned(run, facts, planned, { pause: journal.pause, readAt });
}

/** Ordinary steps first, one table after the other; then the upkeep of all of them, side by side. */
async function reconcilePlanned(
  run: Run,
  facts: ServerFacts,
  planned: PlannedTable[],
  before: { readonly pause: RunReport['pause']; readonly readAt: number },
): Promise<RunReport> {
  const { request, context, signal } = run;
  const tables: TableReport[] = [];
  const awaiting: (AwaitingTable & { readonly position: number })[] = [];
  const unreached: QualifiedName[] = [];
  let { pause } = before;
  let ended: PartitiondError | null = null;
  const breathe = breather(context.clock);
  // Each is let go when its turn comes: a run that waits for locks must not hold the states of all tables from before and after.
  for (let table = planned.shift(); table !== undefined; table = planned.shift()) {
    await breathe();
    if (ended !== null || (request.mode === 'apply' && signal.aborted)) {
      tables.push(untouched(table, ended));
      if (table.error === null) unreached.push(table.policy.table);
      continue;
    }
    const reconciled = await reconcileTable(run, table, pause);
    ({ pause } = reconciled);
    ended = errorsOf(reconciled.report).find(endsRun) ?? null;
    const { report, upkeep } = reconciled;
    if (upkeep.length > 0) awaiting.push({ policy: table.policy, report, upkeep, position: tables.length });
    tables.push(report);
  }
  if (awaiting.length > 0) {
    const conducted = await reconcileUpkeep(run, awaiting, facts, { pause, ended, readAt: before.readAt });
    for (const [index, { position, report }] of awaiting.entries()) tables[position] = conducted.reports[index] ?? report;
    unreached.push(...conducted.unreached);
    pause ??= conducted.pause;
  }
  return { runId: run.id, database: run.database.name, facts, pause, tables, unreached };
}

function selectPolicies(database: DatabasePolicy, { tables, first = [] }: ReconcileRequest): readonly TablePolicy[] {
  const among = (names: readonly QualifiedName[]): ((policy: TablePolicy) => boolean) => {
    const known = new Set(names.map(formatQualifiedName));
    return ({ table }) => known.has(formatQualifiedName(table));
  };
  const wanted = tables === null ? database.tables : database.tables.filter(among(tables));
  const isFirst = among(first);
  return [...wanted.filter(isFirst), ...wanted.filter((policy) => !isFirst(policy))];
}

async function journalled(run: Run, body: () => Promise<RunReport>): Promise<RunReport> {
  const { session, database, request, context, signal } = run;
  const tables = request.tables?.map(formatQualifiedName) ?? null;
  const configured = database.tables.map(({ table }) => formatQualifiedName(table));
  const start = { runId: run.id, tasks: request.tasks, tables, configured, who: context.who };
  await beginRun(session, database.journalSchema, start, context.epochGuard, signal);
  let report: RunReport | null = null;
  try {
    report = await body();
    return report;
  } finally {
    const failed = report?.tables.filter((table) => !isDone(table)).map(({ table }) => formatQualifiedName(table)) ?? null;
    const end = { runId: run.id, outcome: outcomeOf(report, request.mode, signal), failed };
    // The history is worth a try even when the connection has just gone; the error that matters is already in the reports.
    await finishRun(session, database.journalSchema, end, context.epochGuard, signal).catch(() => undefined);
  }
}

function errorsOf(report: TableReport): readonly PartitiondError[] {
  return [report.error, ...report.steps.map((step) => step.error)].flatMap((error) => (error === null ? [] : [error]));
}

/** `report` null: something ended the run as a whole. A run that was stopped for being too long (PD505) has failed, nobody asked it to end. */
function outcomeOf(report: RunReport | null, mode: ReconcileRequest['mode'], signal: AbortSignal): 'ok' | 'failed' | 'aborted' {
  if (signal.aborted) return signal.reason instanceof StatementError ? 'failed' : 'aborted';
  // What a run that only reads has found is its answer, not its failure.
  const isGood = mode === 'apply' ? isDone : ({ error }: TableReport): boolean => error === null;
  return report?.tables.every(isGood) === true ? 'ok' : 'failed';
}
