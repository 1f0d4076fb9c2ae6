import { formatInstant } from '../../partition/calendar.ts';
import type { ProbeRecord } from '../../partition/probe-record.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import type { ProbeResult } from '../../probe/run-probes.ts';
import type { TouchedPartitions } from '../../probe/touched-partitions.ts';
import { errorText } from './plan-document.ts';

/** A run of a probe as `probe --json` prints it: names as text, the plan as PostgreSQL's own JSON. */
interface ProbeDocument {
  readonly table: string;
  readonly probe: string;
  readonly isAutomatic: boolean;
  readonly sql: string;
  readonly ranAt: string;
  readonly outcome: 'met' | 'missed' | 'failed';
  readonly problems: readonly string[];
  readonly error: string | null;
  /** Partitions left after pruning, of how many; null when it failed. */
  readonly scanned: number | null;
  readonly total: number | null;
  readonly allowed: number | null;
  readonly planningMs: number | null;
  readonly executionMs: number | null;
  readonly buffers: { readonly hit: number; readonly read: number } | null;
  readonly touched: TouchedDocument | null;
  readonly unpruned: ProbeResult['unpruned'];
  readonly plan: unknown;
}

interface TouchedDocument {
  readonly scanned: readonly string[];
  readonly pruned: readonly string[];
  /** Of the pruned ones: planned, but never executed. */
  readonly neverExecuted: readonly string[];
  /** `Subplans Removed`: pruned when the executor started. */
  readonly removedAtStart: number;
  readonly scannedLeaves: number;
  readonly totalLeaves: number;
}

export function probeDocument(result: ProbeResult): ProbeDocument {
  const { touched } = result;
  return {
    table: formatQualifiedName(result.table),
    probe: result.probe,
    isAutomatic: result.isAutomatic,
    sql: result.sql,
    ranAt: formatInstant(result.ranAt),
    outcome: result.outcome,
    problems: result.problems,
    error: result.error === null ? null : errorText(result.error),
    scanned: touched?.scanned.length ?? null,
    total: touched === null ? null : touched.scanned.length + touched.pruned.length,
    allowed: result.allowed,
    planningMs: result.planningMs,
    executionMs: result.executionMs,
    buffers: result.buffers,
    touched: touched === null ? null : touchedDocument(touched),
    unpruned: result.unpruned,
    plan: result.plan === null ? null : planOf(result.plan),
  };
}

function touchedDocument(touched: TouchedPartitions): TouchedDocument {
  return {
    scanned: touched.scanned.map(formatQualifiedName),
    pruned: touched.pruned.map(formatQualifiedName),
    neverExecuted: touched.neverExecuted.map(formatQualifiedName),
    removedAtStart: touched.removedAtStart,
    scannedLeaves: touched.scannedLeaves,
    totalLeaves: touched.totalLeaves,
  };
}

function planOf(text: string): unknown {
  return JSON.parse(text);
}

/** What the journal keeps of a probe, as `probe --last --json` prints it. */
interface ProbeRecordDocument {
  readonly table: string;
  readonly probe: string;
  readonly ranAt: string;
  readonly outcome: 'met' | 'missed' | 'failed';
  readonly scanned: number | null;
  readonly total: number | null;
  readonly allowed: number | null;
  readonly planningMs: number | null;
  readonly executionMs: number | null;
  readonly problems: readonly string[];
  readonly lastMiss: { readonly at: string; readonly report: string } | null;
}

export function probeRecordDocument({ lastMiss, table, ranAt, ...record }: ProbeRecord): ProbeRecordDocument {
  return {
    table: formatQualifiedName(table),
    probe: record.probe,
    ranAt: formatInstant(ranAt),
    outcome: record.outcome,
    scanned: record.scanned,
    total: record.total,
    allowed: record.allowed,
    planningMs: record.planningMs,
    executionMs: record.executionMs,
    problems: record.problems,
    lastMiss: lastMiss === null ? null : { at: formatInstant(lastMiss.at), report: lastMiss.report },
  };
}
