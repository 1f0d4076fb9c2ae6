/**
 * The use case: read -> plan -> apply -> read again -> report, for the tables of one database over one session. The only place that
 * isolates tables from one another: whatever fails for one is its own report, the others go on. Knows neither logs nor metrics; everything
 * that happens leaves through the observer.
 */
import { randomUUID } from 'node:crypto';
import { applyPlan } from '../apply/apply-plan.ts';
import type { StepReport } from '../apply/step-report.ts';
import { readPartitionState } from '../catalog/read-partition-state.ts';
import { readServerFacts } from '../catalog/read-server-facts.ts';
import { ConnectionError, NotLeaderError, type PartitiondError } from '../errors.ts';
import { installJournal } from '../journal/install.ts';
import { type JournalContents, readJournal } from '../journal/read-journal.ts';
import { beginRun, finishRun } from '../journal/runs.ts';
import type { ServerFacts } from '../partition/partition.ts';
import type { DatabasePolicy, TablePolicy } from '../partition/policy.ts';
import { formatQualifiedName, type QualifiedName } from '../partition/qualified-name.ts';
import type { Plan } from '../plan/plan.ts';
import type { Session } from '../postgres/session.ts';
import { assertUsableServer } from './assert-usable-server.ts';
import type { ReconcileEvent, RunReport, TableReport } from './event.ts';
import { type PlannedTable, planTables } from './plan-tables.ts';
import type { ReconcileContext, ReconcileRequest } from './request.ts';
import { toPartitiondError } from './to-partitiond-error.ts';

/** What stays the same during one run. */
interface Run {
  readonly id: string;
  readonly session: Session;
  readonly database: DatabasePolicy;
  readonly request: ReconcileRequest;
  readonly context: ReconcileContext;
  readonly signal: AbortSignal;
  emit(event: DistributiveOmit<ReconcileEvent, 'runId' | 'database'>): void;
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/**
 * Reconciles the requested tables once. Mode `plan` writes nothing, not even the journal schema. Throws `ConnectionError` or `ConfigError`
 * when the database as a whole cannot be worked on (unreachable, too old, a standby), and the signal's reason when it was aborted before
 * the first table; everything later is in the report, one entry per requested table in the order of the policy.
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
  const facts = await readServerFacts(session, context.clock, signal);
  assertUsableServer(facts, request.mode, database.name);
  if (request.mode === 'apply') await installJournal(session, database.journalSchema, signal);
  const journal = await readJournal(session, database.journalSchema, signal);
  const body = (): Promise<readonly TableReport[]> => reconcileTables(run, facts, journal);
  const tables = request.mode === 'apply' ? await journalled(run, body) : await body();
  const report: RunReport = { runId, database: database.name, facts, pause: journal.pause, tables };
  run.emit({ kind: 'run-finished', report, durationMs: context.clock.monotonicMs() - startedAt, outcome: outcomeOf(report, signal) });
  return report;
}

async function reconcileTables(run: Run, facts: ServerFacts, journal: JournalContents): Promise<readonly TableReport[]> {
  const { session, database, request, context, signal } = run;
  const readAt = context.clock.monotonicMs();
  const planned = await planTables(session, selectPolicies(database, request.tables), journal, facts, request, context, signal);
  run.emit({
    kind: 'snapshot-read',
    facts,
    tables: planned.flatMap((table) =>
      table.state === null || table.plan === null ? [] : [{ policy: table.policy, state: table.state, plan: table.plan }],
    ),
    durationMs: context.clock.monotonicMs() - readAt,
  });
  const reports: TableReport[] = [];
  let ended: PartitiondError | null = null;
  for (const table of planned) {
    const report: TableReport = ended === null ? await reconcileTable(run, table, journal.pause !== null) : untouched(table, ended);
    if (report.error instanceof ConnectionError || report.error instanceof NotLeaderError) ended = report.error;
    reports.push(report);
  }
  return reports;
}

/** Without steps the snapshot is the whole answer; with steps the table is read and planned afresh, for earlier tables may have taken long. */
async function reconcileTable(run: Run, first: PlannedTable, isPaused: boolean): Promise<TableReport> {
  const table = first.policy.table;
  if (first.error !== null || first.plan === null) {
    if (first.error !== null) run.emit({ kind: 'table-failed', table, phase: 'read', error: first.error });
    return finished(run, { table, state: first.state, plan: first.plan, steps: [], error: first.error });
  }
  run.emit({ kind: 'table-planned', table, plan: first.plan });
  if (run.request.mode === 'plan' || first.plan.steps.length === 0 || isPaused) {
    const stopped = isPaused ? [...first.plan.steps, ...first.plan.refused] : first.plan.refused;
    return finished(run, { table, state: first.state, plan: first.plan, steps: stopped.map(refused), error: null });
  }
  try {
    return finished(run, await applyTable(run, first.policy));
  } catch (error) {
    const failure = toPartitiondError(error, `maintain ${formatQualifiedName(table)}`, run.signal);
    run.emit({ kind: 'table-failed', table, phase: 'apply', error: failure });
    return finished(run, { table, state: first.state, plan: first.plan, steps: [], error: failure });
  }
}

async function applyTable(run: Run, policy: TablePolicy): Promise<TableReport> {
  const before = await planOne(run, policy);
  if (before.error !== null || before.plan === null) {
    return { table: policy.table, state: before.state, plan: before.plan, steps: [], error: before.error };
  }
  const { plan, facts } = before;
  const steps = await applySteps(run, plan, facts);
  const after = await planOne(run, policy);
  if (after.error !== null) run.emit({ kind: 'table-failed', table: policy.table, phase: 'verify', error: after.error });
  return {
    table: policy.table,
    state: after.state ?? before.state,
    plan,
    steps: [...steps, ...plan.refused.map(refused)],
    error: after.error,
  };
}

async function planOne(run: Run, policy: TablePolicy): Promise<PlannedTable & { readonly facts: ServerFacts }> {
  const { session, database, request, context, signal } = run;
  const facts = await readServerFacts(session, context.clock, signal);
  const journal: JournalContents = await readJournal(session, database.journalSchema, signal);
  const [planned] = await planTables(session, [policy], journal, facts, request, context, signal);
  return { policy, state: null, plan: null, error: null, ...planned, facts };
}

async function applySteps(run: Run, plan: Plan, facts: ServerFacts): Promise<readonly StepReport[]> {
  const { session, database, context, signal } = run;
  const { lockTimeoutMs, lockBudgetMs } = context.safety;
  return await applyPlan(
    session,
    plan.steps,
    {
      serverVersion: facts.version,
      budget: { attemptMs: lockTimeoutMs, totalMs: lockBudgetMs, pauseMs: lockTimeoutMs },
      clock: context.clock,
      journal: { schema: database.journalSchema, runId: run.id, who: context.who },
      epochGuard: context.epochGuard,
      readPartitionState: (tableOid, name) => readPartitionState(session, tableOid, name, signal),
      onEvent: (event) => run.emit({ ...event, table: plan.table }),
    },
    signal,
  );
}

function finished(run: Run, report: TableReport): TableReport {
  const after = report.state?.kind === 'partitioned' ? report.state.table : null;
  run.emit({ kind: 'table-finished', table: report.table, after, report });
  return report;
}

function refused(step: Plan['refused'][number]): StepReport {
  return { step, outcome: 'refused', error: null, durationMs: 0, lockWaitMs: 0, lockTimeouts: 0 };
}

function untouched(planned: PlannedTable, error: PartitiondError): TableReport {
  const steps = planned.plan?.steps.map((step): StepReport => ({ ...refused(step), outcome: 'skipped' })) ?? [];
  return { table: planned.policy.table, state: planned.state, plan: planned.plan, steps, error };
}

function selectPolicies(database: DatabasePolicy, tables: readonly QualifiedName[] | null): readonly TablePolicy[] {
  if (tables === null) return database.tables;
  const wanted = new Set(tables.map(formatQualifiedName));
  return database.tables.filter((policy) => wanted.has(formatQualifiedName(policy.table)));
}

async function journalled(run: Run, body: () => Promise<readonly TableReport[]>): Promise<readonly TableReport[]> {
  const { session, database, request, context, signal } = run;
  await beginRun(session, database.journalSchema, { runId: run.id, tasks: request.tasks, who: context.who }, signal);
  const tables = await body();
  const lastWord = AbortSignal.timeout(context.safety.statementTimeoutMs);
  const outcome = signal.aborted ? 'aborted' : tables.some(isFailed) ? 'failed' : 'ok';
  // The history is worth a try even when the connection has just gone; the error that matters is already in the reports.
  await finishRun(session, database.journalSchema, { runId: run.id, outcome }, lastWord).catch(() => undefined);
  return tables;
}

function isFailed(report: TableReport): boolean {
  return report.error !== null || report.steps.some((step) => step.outcome === 'failed');
}

function outcomeOf(report: RunReport, signal: AbortSignal): 'ok' | 'failed' | 'aborted' {
  if (signal.aborted) return 'aborted';
  return report.tables.some(isFailed) ? 'failed' : 'ok';
}
