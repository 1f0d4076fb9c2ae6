import type { StepReport, Yield } from '../../apply/step-report.ts';
import { renderStep } from '../../ddl/render-step.ts';
import type { Lock } from '../../ddl/statement.ts';
import type { PartitiondError } from '../../errors.ts';
import { formatInstant } from '../../partition/calendar.ts';
import { type EpochMicros, isPosition, type Range } from '../../partition/position.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import type { Finding } from '../../plan/finding.ts';
import { isDestructive, isUpkeep, type Step } from '../../plan/step.ts';
import type { RunReport, TableReport } from '../../reconcile/event.ts';
import type { Visit } from '../databases/visit-databases.ts';

/** What `plan --json`, `apply --json` and `check --json` print; contract.md, Commands. */
export interface PlanDocument {
  /** The clock that was planned for, ISO 8601 UTC. */
  readonly now: string;
  readonly tables: readonly TableDocument[];
}

export interface TableDocument {
  readonly database: string;
  readonly table: string;
  /** Absent from `check`. */
  readonly steps?: readonly StepDocument[];
  readonly findings: readonly FindingDocument[];
  /** A sentence that ends with the error's code, for example `(PD201)`; null when there was none. */
  readonly error: string | null;
}

export interface StepDocument {
  readonly kind: string;
  readonly partition: string;
  /** Null: the step is about no range, or the bound is MINVALUE / MAXVALUE. */
  readonly from: string | null;
  readonly to: string | null;
  readonly reason: string;
  /** Of a step about an index. */
  readonly index?: string;
  /** Of a step that waits for a window: it is begun and goes on only in there. */
  readonly window?: { readonly cron: string; readonly timezone: string; readonly seconds: number };
  readonly destructive: boolean;
  readonly locks: readonly Lock[];
  readonly sql: readonly string[];
  readonly outcome?: string;
  /** Of a step with outcome `skipped` that gave way to others, which is no failure: to whom. */
  readonly skipped?: Yield;
  readonly error?: string | null;
  readonly durationMs?: number;
  readonly lockWaitMs?: number;
}

export interface FindingDocument {
  readonly kind: string;
  readonly severity: string;
  readonly message: string;
  readonly partition: string | null;
}

/** `steps`: those planned, those reported by an apply, or none at all. Tables of a database that gave no answer carry its error. */
export function planDocument(visits: readonly Visit<RunReport>[], now: EpochMicros, steps: 'planned' | 'applied' | 'none'): PlanDocument {
  return { now: formatInstant(now), tables: visits.flatMap((visit) => tableDocuments(visit, steps)) };
}

function tableDocuments(visit: Visit<RunReport>, steps: 'planned' | 'applied' | 'none'): readonly TableDocument[] {
  const { selection, answer } = visit;
  const database = selection.database.name;
  if (answer !== null) return answer.tables.map((report) => tableDocument(database, report, answer.facts?.version ?? 0, steps));
  const tables = selection.tables ?? selection.database.tables.map((policy) => policy.table);
  const error = visit.error === null ? 'Interrupted before this table was looked at.' : errorText(visit.error);
  return tables.map((table) => ({
    database,
    table: formatQualifiedName(table),
    ...(steps !== 'none' && { steps: [] }),
    findings: [],
    error,
  }));
}

function tableDocument(database: string, report: TableReport, version: number, steps: 'planned' | 'applied' | 'none'): TableDocument {
  const planned = (): readonly StepDocument[] => (report.plan?.steps ?? []).map((step) => stepDocument(step, report, version));
  const applied = (): readonly StepDocument[] =>
    report.steps.map((step) => ({ ...stepDocument(step.step, report, version), ...outcome(step) }));
  return {
    database,
    table: formatQualifiedName(report.table),
    ...(steps !== 'none' && { steps: steps === 'planned' ? planned() : applied() }),
    findings: (report.plan?.findings ?? []).map(findingDocument),
    error: report.error === null ? null : errorText(report.error),
  };
}

function stepDocument(step: Step, report: TableReport, version: number): StepDocument {
  const rendered = renderStep(step, version);
  return {
    kind: step.kind,
    partition: formatQualifiedName(step.partition),
    from: edgeText(step.range, 'from', report),
    to: edgeText(step.range, 'to', report),
    reason: step.reason,
    ...('index' in step && { index: formatQualifiedName(step.index) }),
    ...windowOf(step),
    destructive: isDestructive(step),
    locks: rendered.locks,
    sql: rendered.batches.flatMap((batch) => batch.statements.map((statement) => statement.sql)),
  };
}

function windowOf(step: Step): Pick<StepDocument, 'window'> {
  const window = isUpkeep(step) ? step.limits.window : null;
  return window === null ? {} : { window: { cron: window.cron, timezone: window.timezone, seconds: window.durationMs / 1_000 } };
}

function edgeText(range: Range | null, end: 'from' | 'to', report: TableReport): string | null {
  if (range === null || report.state?.kind !== 'partitioned' || !isPosition(range[end])) return null;
  return report.state.table.codec.display(range[end]);
}

function outcome(report: StepReport): Pick<StepDocument, 'outcome' | 'skipped' | 'error' | 'durationMs' | 'lockWaitMs'> {
  return {
    outcome: report.outcome,
    ...(report.yieldedTo !== undefined && { skipped: report.yieldedTo }),
    error: report.error === null ? null : errorText(report.error),
    durationMs: Math.round(report.durationMs),
    lockWaitMs: Math.round(report.lockWaitMs),
  };
}

function findingDocument(finding: Finding): FindingDocument {
  const { kind, severity, message, partition } = finding;
  return { kind, severity, message, partition: partition === null ? null : formatQualifiedName(partition) };
}

/** An error's sentence and its code. */
export function errorText(error: PartitiondError): string {
  return `${error.message} (${error.code})`;
}
