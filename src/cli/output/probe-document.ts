import { formatInstant } from '../../partition/calendar.ts';
import type { ProbeRecord } from '../../partition/probe-record.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import type { ProbeResult } from '../../probe/run-probes.ts';
import type { TouchedPartitions } from '../../probe/touched-partitions.ts';
import { errorText } from './plan-document.ts';

type Texts<T, Name extends keyof T> = Omit<T, Name> & Readonly<Record<Name, readonly string[]>>;

/** A run of a probe as `probe --json` prints it: names as text, the plan as PostgreSQL's own JSON. */
interface ProbeDocument extends Omit<ProbeResult, 'table' | 'ranAt' | 'error' | 'touched' | 'plan'> {
  readonly table: string;
  readonly ranAt: string;
  readonly error: string | null;
  /** Partitions left after pruning, of how many; null when it failed. */
  readonly scanned: number | null;
  readonly total: number | null;
  readonly touched: Texts<TouchedPartitions, 'scanned' | 'pruned' | 'neverExecuted'> | null;
  readonly plan: unknown;
}

export function probeDocument(result: ProbeResult): ProbeDocument {
  const { touched } = result;
  return {
    ...result,
    table: formatQualifiedName(result.table),
    ranAt: formatInstant(result.ranAt),
    error: result.error === null ? null : errorText(result.error),
    scanned: touched?.scanned.length ?? null,
    total: touched === null ? null : touched.scanned.length + touched.pruned.length,
    touched: touched === null ? null : touchedDocument(touched),
    plan: result.plan === null ? null : planOf(result.plan),
  };
}

function touchedDocument(touched: TouchedPartitions): ProbeDocument['touched'] {
  const { scanned, pruned, neverExecuted } = touched;
  return {
    ...touched,
    scanned: scanned.map(formatQualifiedName),
    pruned: pruned.map(formatQualifiedName),
    neverExecuted: neverExecuted.map(formatQualifiedName),
  };
}

function planOf(text: string): unknown {
  return JSON.parse(text);
}

/** What the journal keeps of a probe, as `probe --last --json` prints it. */
interface ProbeRecordDocument extends Omit<ProbeRecord, 'table' | 'ranAt' | 'lastMiss'> {
  readonly table: string;
  readonly ranAt: string;
  readonly lastMiss: { readonly at: string; readonly report: string } | null;
}

export function probeRecordDocument(record: ProbeRecord): ProbeRecordDocument {
  const { lastMiss } = record;
  return {
    ...record,
    table: formatQualifiedName(record.table),
    ranAt: formatInstant(record.ranAt),
    lastMiss: lastMiss === null ? null : { ...lastMiss, at: formatInstant(lastMiss.at) },
  };
}
