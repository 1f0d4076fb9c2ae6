import type { ApplyContext } from '../apply/apply-context.ts';
import { applyPlan } from '../apply/apply-plan.ts';
import type { StepReport } from '../apply/step-report.ts';
import { readPartitionState } from '../catalog/read-partition-state.ts';
import { ConnectionError, NotLeaderError, type PartitiondError } from '../errors.ts';
import type { Pause } from '../journal/pause.ts';
import type { ServerFacts } from '../partition/partition.ts';
import type { TablePolicy } from '../partition/policy.ts';
import { formatQualifiedName } from '../partition/qualified-name.ts';
import type { Plan } from '../plan/plan.ts';
import { isUpkeep, type Step, type UpkeepStep } from '../plan/step.ts';
import type { TableReport } from './event.ts';
import { planAgain } from './plan-again.ts';
import type { PlannedTable } from './plan-tables.ts';
import type { Run } from './run.ts';
import { toPartitiondError } from './to-partitiond-error.ts';

/** What became of a table, and the pause that was found when it was read again. */
export interface ReconciledTable {
  readonly report: TableReport;
  readonly pause: Pause | null;
  /** Still to be taken, with those of the other tables; the report is finished without them when there are none. */
  readonly upkeep: readonly UpkeepStep[];
}

/**
 * Takes the ordinary steps of one table, unless `pause` or a later one refuses them. Without steps the snapshot is the whole answer; with ordinary
 * steps the table is read and planned afresh, for earlier tables may have taken long. Steps of upkeep are those planned last. What was done is
 * always in the report, also when an abort or a lost connection keeps the table from being read once more. Never throws.
 */
export async function reconcileTable(run: Run, first: PlannedTable, pause: Pause | null): Promise<ReconciledTable> {
  const table = first.policy.table;
  if (first.error !== null || first.plan === null) {
    if (first.error !== null) run.emit({ kind: 'table-failed', table, phase: failedIn(first), error: first.error });
    return { report: finished(run, { table, state: first.state, plan: first.plan, steps: [], error: first.error }), pause, upkeep: [] };
  }
  run.emit({ kind: 'table-planned', table, plan: first.plan });
  if (run.request.mode === 'plan' || first.plan.steps.length === 0 || pause !== null) {
    const steps = pause === null ? first.plan.refused.map(refused) : allRefused(first.plan);
    return { report: finished(run, { table, state: first.state, plan: first.plan, steps, error: null }), pause, upkeep: [] };
  }
  const reconciled = first.plan.steps.every(isUpkeep) ? upkeepAlone(first, first.plan) : await applyTable(run, first);
  if (reconciled.upkeep.length === 0) finished(run, reconciled.report);
  return reconciled;
}

/** The report of a table whose planned steps were not begun; `error`: why, null when the run was aborted. */
export function untouched(planned: PlannedTable, error: PartitiondError | null): TableReport {
  const { policy, state, plan } = planned;
  const skipped = (plan?.steps ?? []).map(skippedStep);
  return { table: policy.table, state, plan, steps: [...skipped, ...(plan?.refused ?? []).map(refused)], error: planned.error ?? error };
}

/** What makes every further step of this run fail as well: the server or the leadership is gone. */
export function endsRun(error: PartitiondError | null): boolean {
  return error instanceof ConnectionError || error instanceof NotLeaderError;
}

function upkeepAlone({ policy, state }: PlannedTable, plan: Plan): ReconciledTable {
  const report = { table: policy.table, state, plan, steps: plan.refused.map(refused), error: null };
  return { report, pause: null, upkeep: plan.steps.filter(isUpkeep) };
}

async function applyTable(run: Run, first: PlannedTable): Promise<ReconciledTable> {
  const table = first.policy.table;
  const before = await replan(run, first.policy);
  if (before === null) return { report: untouched(first, null), pause: null, upkeep: [] };
  const { facts, pause, state, plan } = before;
  if (plan === null || facts === null) {
    if (before.error !== null) run.emit({ kind: 'table-failed', table, phase: failedIn(before), error: before.error });
    return { report: untouched(first, before.error), pause, upkeep: [] };
  }
  if (pause !== null) return { report: { table, state, plan, steps: allRefused(plan), error: null }, pause, upkeep: [] };
  const ordinary = plan.steps.filter((step) => !isUpkeep(step));
  const { steps, error } = await applySteps(run, { table: plan.table, steps: ordinary }, facts);
  const done: TableReport = { table, state, plan, steps: [...steps, ...plan.refused.map(refused)], error };
  if (error !== null || run.signal.aborted || steps.some((step) => endsRun(step.error)))
    return { report: withoutUpkeep(done, plan), pause, upkeep: [] };
  return await readAfter(run, first.policy, done, plan);
}

/** The table as its ordinary steps, `done`, have left it, and the upkeep that it needs now; none when it cannot be read. */
async function readAfter(run: Run, policy: TablePolicy, done: TableReport, plan: Plan): Promise<ReconciledTable> {
  const after = await replan(run, policy);
  if (after === null) return { report: withoutUpkeep(done, plan), pause: null, upkeep: [] };
  const state = after.state ?? done.state;
  if (after.error !== null) {
    run.emit({ kind: 'table-failed', table: policy.table, phase: 'verify', error: after.error });
    return { report: { ...withoutUpkeep(done, plan), state, error: after.error }, pause: after.pause, upkeep: [] };
  }
  const upkeep = after.plan?.steps.filter(isUpkeep) ?? [];
  const steps = [...plan.steps.filter((step) => !isUpkeep(step)), ...upkeep];
  return { report: { ...done, state, plan: { ...plan, steps } }, pause: after.pause, upkeep };
}

function withoutUpkeep(done: TableReport, { steps }: Plan): TableReport {
  return { ...done, steps: [...done.steps, ...steps.filter(isUpkeep).map(skippedStep)] };
}

interface Replanned extends PlannedTable {
  /** Null when they could not be read; then there is an error. */
  readonly facts: ServerFacts | null;
  readonly pause: Pause | null;
}

/** The table read and planned afresh, whatever failed in `error`; null when the run was aborted meanwhile. */
async function replan(run: Run, policy: TablePolicy): Promise<Replanned | null> {
  const nothing: Replanned = { policy, state: null, plan: null, error: null, facts: null, pause: null };
  try {
    const { facts, pause, planned } = await planAgain(run, [policy]);
    return { ...nothing, ...planned[0], facts, pause };
  } catch (error) {
    if (run.signal.aborted && error === run.signal.reason) return null;
    return { ...nothing, error: toPartitiondError(error, `read ${formatQualifiedName(policy.table)} again`, run.signal) };
  }
}

interface AppliedSteps {
  readonly steps: readonly StepReport[];
  /** Our own bug: whatever else goes wrong with a step is in its report. */
  readonly error: PartitiondError | null;
}

async function applySteps(run: Run, plan: Pick<Plan, 'table' | 'steps'>, facts: ServerFacts): Promise<AppliedSteps> {
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

/** Tells that nothing more becomes of a table in this run. */
export function finished(run: Run, report: TableReport): TableReport {
  const after = report.state?.kind === 'partitioned' ? report.state.table : null;
  run.emit({ kind: 'table-finished', table: report.table, after, report });
  return report;
}

function allRefused(plan: Plan): readonly StepReport[] {
  return [...plan.steps, ...plan.refused].map(refused);
}

export function refused(step: Step): StepReport {
  return notBegun(step, 'refused');
}

export function skippedStep(step: Step): StepReport {
  return notBegun(step, 'skipped');
}

function notBegun(step: StepReport['step'], outcome: 'refused' | 'skipped'): StepReport {
  return { step, outcome, error: null, durationMs: 0, lockWaitMs: 0, lockTimeouts: 0 };
}
