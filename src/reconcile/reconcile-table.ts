import type { ApplyContext } from '../apply/apply-context.ts';
import { applyPlan } from '../apply/apply-plan.ts';
import type { StepReport } from '../apply/step-report.ts';
import { readPartitionState } from '../catalog/read-partition-state.ts';
import { readServerFacts } from '../catalog/read-server-facts.ts';
import { ConnectionError, NotLeaderError, type PartitiondError } from '../errors.ts';
import type { Pause } from '../journal/pause.ts';
import { readJournal } from '../journal/read-journal.ts';
import type { ServerFacts } from '../partition/partition.ts';
import type { TablePolicy } from '../partition/policy.ts';
import { formatQualifiedName } from '../partition/qualified-name.ts';
import type { Plan } from '../plan/plan.ts';
import type { TableReport } from './event.ts';
import { type PlannedTable, planTables } from './plan-tables.ts';
import type { Run } from './run.ts';
import { toPartitiondError } from './to-partitiond-error.ts';

/** What became of a table, and the pause that was found when it was read again. */
export interface ReconciledTable {
  readonly report: TableReport;
  readonly pause: Pause | null;
}

/**
 * Takes the steps of one table, unless `pause` or a later one refuses them. Without steps the snapshot is the whole answer; with steps the
 * table is read and planned afresh, for earlier tables may have taken long. What was done is always in the report, also when an abort or a
 * lost connection keeps the table from being read once more. Never throws.
 */
export async function reconcileTable(run: Run, first: PlannedTable, pause: Pause | null): Promise<ReconciledTable> {
  const table = first.policy.table;
  if (first.error !== null || first.plan === null) {
    if (first.error !== null) run.emit({ kind: 'table-failed', table, phase: failedIn(first), error: first.error });
    return { report: finished(run, { table, state: first.state, plan: first.plan, steps: [], error: first.error }), pause };
  }
  run.emit({ kind: 'table-planned', table, plan: first.plan });
  if (run.request.mode === 'plan' || first.plan.steps.length === 0 || pause !== null) {
    const steps = pause === null ? first.plan.refused.map(refused) : allRefused(first.plan);
    return { report: finished(run, { table, state: first.state, plan: first.plan, steps, error: null }), pause };
  }
  const reconciled = await applyTable(run, first);
  return { ...reconciled, report: finished(run, reconciled.report) };
}

/** The report of a table whose planned steps were not begun; `error`: why, null when the run was aborted. */
export function untouched(planned: PlannedTable, error: PartitiondError | null): TableReport {
  const { policy, state, plan } = planned;
  const skipped = (plan?.steps ?? []).map((step) => notBegun(step, 'skipped'));
  return { table: policy.table, state, plan, steps: [...skipped, ...(plan?.refused ?? []).map(refused)], error: planned.error ?? error };
}

/** What makes every further step of this run fail as well: the server or the leadership is gone. */
export function endsRun(error: PartitiondError | null): boolean {
  return error instanceof ConnectionError || error instanceof NotLeaderError;
}

async function applyTable(run: Run, first: PlannedTable): Promise<ReconciledTable> {
  const table = first.policy.table;
  const before = await planAgain(run, first.policy);
  if (before === null) return { report: untouched(first, null), pause: null };
  const { facts, pause, state, plan } = before;
  if (plan === null || facts === null) {
    if (before.error !== null) run.emit({ kind: 'table-failed', table, phase: failedIn(before), error: before.error });
    return { report: untouched(first, before.error), pause };
  }
  if (pause !== null) return { report: { table, state, plan, steps: allRefused(plan), error: null }, pause };
  const { steps, error } = await applySteps(run, plan, facts);
  const done: TableReport = { table, state, plan, steps: [...steps, ...plan.refused.map(refused)], error };
  if (error !== null || run.signal.aborted || steps.some((step) => endsRun(step.error))) return { report: done, pause };
  const after = await planAgain(run, first.policy);
  if (after === null) return { report: done, pause };
  if (after.error !== null) run.emit({ kind: 'table-failed', table, phase: 'verify', error: after.error });
  return { report: { ...done, state: after.state ?? state, error: after.error }, pause };
}

interface Replanned extends PlannedTable {
  /** Null when they could not be read; then there is an error. */
  readonly facts: ServerFacts | null;
  readonly pause: Pause | null;
}

/** The table read and planned afresh, whatever failed in `error`; null when the run was aborted meanwhile. */
async function planAgain(run: Run, policy: TablePolicy): Promise<Replanned | null> {
  const { session, database, request, context, signal } = run;
  const nothing: Replanned = { policy, state: null, plan: null, error: null, facts: null, pause: null };
  try {
    const facts = await readServerFacts(session, context.clock, signal);
    const journal = await readJournal(session, database.journalSchema, signal);
    const [planned] = await planTables([policy], { session, journal, facts, request, context, signal });
    return { ...nothing, ...planned, facts, pause: journal.pause };
  } catch (error) {
    if (signal.aborted && error === signal.reason) return null;
    return { ...nothing, error: toPartitiondError(error, `read ${formatQualifiedName(policy.table)} again`, signal) };
  }
}

interface AppliedSteps {
  readonly steps: readonly StepReport[];
  /** Our own bug: whatever else goes wrong with a step is in its report. */
  readonly error: PartitiondError | null;
}

async function applySteps(run: Run, plan: Plan, facts: ServerFacts): Promise<AppliedSteps> {
  const { session, database, context, signal } = run;
  const { lockTimeoutMs, lockBudgetMs } = context.safety;
  const steps: StepReport[] = [];
  const surroundings: ApplyContext = {
    serverVersion: facts.version,
    budget: { attemptMs: lockTimeoutMs, totalMs: lockBudgetMs, pauseMs: lockTimeoutMs },
    clock: context.clock,
    journal: { schema: database.journalSchema, runId: run.id, who: context.who },
    epochGuard: context.epochGuard,
    readPartitionState: (tableOid, name) => readPartitionState(session, tableOid, name, signal),
    onEvent: (event) => {
      if (event.kind === 'step-finished') steps.push(event.report);
      run.emit({ ...event, table: plan.table });
    },
  };
  try {
    await applyPlan(session, plan.steps, surroundings, signal);
    return { steps, error: null };
  } catch (caught) {
    const error = toPartitiondError(caught, `maintain ${formatQualifiedName(plan.table)}`, signal);
    run.emit({ kind: 'table-failed', table: plan.table, phase: 'apply', error });
    return { steps, error };
  }
}

/** What was read and has no plan failed in planning. */
function failedIn({ state }: PlannedTable): 'read' | 'plan' {
  return state === null ? 'read' : 'plan';
}

function finished(run: Run, report: TableReport): TableReport {
  const after = report.state?.kind === 'partitioned' ? report.state.table : null;
  run.emit({ kind: 'table-finished', table: report.table, after, report });
  return report;
}

function allRefused(plan: Plan): readonly StepReport[] {
  return [...plan.steps, ...plan.refused].map(refused);
}

function refused(step: Plan['refused'][number]): StepReport {
  return notBegun(step, 'refused');
}

function notBegun(step: StepReport['step'], outcome: 'refused' | 'skipped'): StepReport {
  return { step, outcome, error: null, durationMs: 0, lockWaitMs: 0, lockTimeouts: 0 };
}
