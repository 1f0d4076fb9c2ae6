import type { StepReport } from '../apply/step-report.ts';
import { conductUpkeep } from '../apply/upkeep/conduct.ts';
import type { UpkeepContext, UpkeepEvent } from '../apply/upkeep/upkeep-context.ts';
import { readPartitionState } from '../catalog/read-partition-state.ts';
import { readProgress } from '../catalog/read-progress.ts';
import type { PartitiondError } from '../errors.ts';
import { decodePause, type Pause, pauseSql } from '../journal/pause.ts';
import type { ServerFacts } from '../partition/partition.ts';
import type { TablePolicy } from '../partition/policy.ts';
import { formatQualifiedName, type QualifiedName } from '../partition/qualified-name.ts';
import type { Finding, FindingKind } from '../plan/finding.ts';
import { isUpkeep, type Step, type UpkeepStep } from '../plan/step.ts';
import type { TableReport } from './event.ts';
import { planAgain } from './plan-again.ts';
import type { PlannedTable } from './plan-tables.ts';
import { endsRun, finished, refused, skippedStep } from './reconcile-table.ts';
import type { Run } from './run.ts';
import { toPartitiondError } from './to-partitiond-error.ts';

/** A table whose ordinary steps have been taken, if it had any. */
export interface AwaitingTable {
  readonly policy: TablePolicy;
  readonly report: TableReport;
  readonly upkeep: readonly UpkeepStep[];
}

export interface ConductedUpkeep {
  /** Aligned with the tables. */
  readonly reports: readonly TableReport[];
  /** Null: work was not paused meanwhile, as far as anybody looked. */
  readonly pause: Pause | null;
  /** Tables of which nothing was begun, as something ended the run before. */
  readonly unreached: readonly QualifiedName[];
}

/**
 * Takes the steps of upkeep of all `tables` together, so that those of one need not wait for those of another, and reads the tables once more.
 * `before` is what stands in the way: a pause, or what ended the run; and when the first of what was planned was read, on
 * `clock.monotonicMs`. What was done is always in the reports. Never throws.
 */
export async function reconcileUpkeep(
  run: Run,
  tables: readonly AwaitingTable[],
  facts: ServerFacts,
  before: { readonly pause: Pause | null; readonly ended: PartitiondError | null; readonly readAt: number },
): Promise<ConductedUpkeep> {
  if (before.ended !== null || run.signal.aborted) return notConducted(run, tables, before.ended, before.pause);
  if (before.pause !== null) {
    const reports = tables.map((table) => finished(run, withSteps(table, table.upkeep.map(refused))));
    return { reports, pause: before.pause, unreached: [] };
  }
  const { outcomes, pause } = await conduct(run, tables, facts, before.readAt);
  const reports = tables.map((table, index) => withSteps(table, outcomes[index] ?? []));
  const ended = outcomes.flat().find((step) => endsRun(step.error))?.error ?? null;
  const isOver = run.signal.aborted;
  const verified = isOver ? reports : await verify(run, tables, reports);
  for (const report of verified) finished(run, report);
  const unreached = verified.filter((_, index) => (isOver || ended !== null) && isUntouched(tables[index], outcomes[index]));
  return { reports: verified, pause, unreached: unreached.map(({ table }) => table) };
}

/** As when the turn of a table does not come: of one of which nothing was begun, nothing is told. */
function notConducted(run: Run, tables: readonly AwaitingTable[], ended: PartitiondError | null, pause: Pause | null): ConductedUpkeep {
  const unreached: QualifiedName[] = [];
  const reports = tables.map((table) => {
    const report: TableReport = { ...withSteps(table, table.upkeep.map(skippedStep)), error: ended };
    if (!hadOrdinarySteps(table)) unreached.push(report.table);
    else finished(run, report);
    return report;
  });
  return { reports, pause, unreached };
}

interface Conducted {
  /** Those of each table, aligned with the tables and their steps. */
  readonly outcomes: readonly (readonly StepReport[])[];
  readonly pause: Pause | null;
}

async function conduct(run: Run, tables: readonly AwaitingTable[], facts: ServerFacts, readAt: number): Promise<Conducted> {
  const steps = tables.flatMap(({ upkeep }) => upkeep);
  const told = new Map<Step, StepReport>();
  let pause: Pause | null = null;
  const { session, database, signal } = run;
  const context: UpkeepContext = {
    ...surroundingsOf(run, facts, readAt),
    isPaused: async (until) => {
      const [found] = await session.rows(pauseSql(database.journalSchema), [], decodePause, until);
      if (found !== undefined) pause = found;
      return found !== undefined;
    },
    onEvent: (event) => tell(run, event),
  };
  for (const report of await conductUpkeep(session, steps, context, signal)) told.set(report.step, report);
  return { outcomes: tables.map(({ upkeep }) => upkeep.map((step) => told.get(step) ?? skippedStep(step))), pause };
}

function surroundingsOf(run: Run, facts: ServerFacts, readAt: number): Omit<UpkeepContext, 'isPaused' | 'onEvent'> {
  const { session, database, context, signal } = run;
  const { lockTimeoutMs, lockBudgetMs } = context.safety;
  return {
    serverVersion: facts.version,
    budget: { attemptMs: lockTimeoutMs, totalMs: lockBudgetMs, pauseMs: lockTimeoutMs },
    clock: context.clock,
    journal: { schema: database.journalSchema, runId: run.id, who: context.who },
    epochGuard: context.epochGuard,
    readPartitionState: (tableOid, name) => readPartitionState(session, tableOid, name, signal),
    connect: context.upkeep.connect,
    windowEnd: context.upkeep.windowEnd,
    freshUntilMs: context.upkeep.freshForMs === null ? null : readAt + context.upkeep.freshForMs,
    readProgress,
  };
}

function tell(run: Run, event: UpkeepEvent): void {
  if (event.kind === 'upkeep-held' || event.kind === 'sessions-blocked') return run.emit(event);
  const { table } = event.kind === 'step-finished' ? event.report.step : event.step;
  run.emit({ ...event, table });
}

/** Reads and plans those tables again of which something was begun: their states, and what is still to be found, are those of after. */
async function verify(run: Run, tables: readonly AwaitingTable[], reports: readonly TableReport[]): Promise<readonly TableReport[]> {
  const worked = tables.filter((_, index) => reports[index]?.steps.some(isBegun) === true).map(({ policy }) => policy);
  if (worked.length === 0) return reports;
  let read: readonly PlannedTable[];
  try {
    read = (await planAgain(run, worked)).planned;
  } catch (caught) {
    if (run.signal.aborted && caught === run.signal.reason) return reports;
    const error = toPartitiondError(caught, 'read the tables again', run.signal);
    read = worked.map((policy) => ({ policy, state: null, plan: null, error }));
  }
  const after = new Map(read.map((planned) => [formatQualifiedName(planned.policy.table), planned]));
  return reports.map((report) => {
    const planned = after.get(formatQualifiedName(report.table));
    if (planned === undefined) return report;
    if (planned.error !== null) run.emit({ kind: 'table-failed', table: report.table, phase: 'verify', error: planned.error });
    const plan = report.plan === null ? null : { ...report.plan, findings: stillFound(report.plan.findings, planned.plan?.findings) };
    return { ...report, plan, state: planned.state ?? report.state, error: report.error ?? planned.error };
  });
}

/** What upkeep sees to; all else is as it was found before the steps. */
const seenTo: ReadonlySet<FindingKind> = new Set(['invalid-index', 'bloated-index', 'never-analysed', 'near-wraparound']);

function stillFound(before: readonly Finding[], after: readonly Finding[] | undefined): readonly Finding[] {
  if (after === undefined) return before;
  return [...before.filter(({ kind }) => !seenTo.has(kind)), ...after.filter(({ kind }) => seenTo.has(kind))];
}

function withSteps({ report }: AwaitingTable, upkeep: readonly StepReport[]): TableReport {
  return { ...report, steps: [...report.steps, ...upkeep] };
}

function hadOrdinarySteps({ report }: AwaitingTable): boolean {
  return report.plan?.steps.every(isUpkeep) === false;
}

function isUntouched(table: AwaitingTable | undefined, outcomes: readonly StepReport[] = []): boolean {
  return (
    table !== undefined && !hadOrdinarySteps(table) && !outcomes.some(isBegun) && outcomes.every(({ yieldedTo }) => yieldedTo === undefined)
  );
}

function isBegun({ outcome }: StepReport): boolean {
  return outcome === 'ok' || outcome === 'failed';
}
