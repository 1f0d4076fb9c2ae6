import { type ProbeSummary, readProbeSummaries, writeProbeRecords } from '../journal/probe-records.ts';
import type { DatabasePolicy } from '../partition/policy.ts';
import { probeNames } from '../partition/probe-names.ts';
import type { ProbeRecord } from '../partition/probe-record.ts';
import { formatQualifiedName } from '../partition/qualified-name.ts';
import type { Session } from '../postgres/session.ts';
import { describeProbe } from './describe-probe.ts';
import type { ProbeResult } from './run-probes.ts';

/** What the journal remembers of the probes that are configured now; those that never ran are absent. Throws as `readProbeSummaries`. */
export async function readKeptResults(
  session: Session,
  { journalSchema, tables }: Pick<DatabasePolicy, 'journalSchema' | 'tables'>,
  signal: AbortSignal,
): Promise<readonly ProbeSummary[]> {
  const summaries = await readProbeSummaries(session, journalSchema, signal);
  const configured = new Map(tables.map((policy) => [formatQualifiedName(policy.table), new Set(probeNames(policy))]));
  return summaries.filter(({ table, probe }) => configured.get(formatQualifiedName(table))?.has(probe) === true);
}

/** Writes a pass into the journal. `guard` is SQL that raises unless this epoch is current; throws as `writeProbeRecords`. */
export async function keepResults(
  session: Session,
  journalSchema: string,
  results: readonly ProbeResult[],
  guard: string,
  signal: AbortSignal,
): Promise<void> {
  await writeProbeRecords(session, journalSchema, results.map(probeRecord), guard, signal);
}

/** A run without its plan. Pure, throws nothing. */
export function probeRun(result: ProbeResult): Omit<ProbeRecord, 'lastMiss'> {
  const { table, probe, ranAt, outcome, touched, allowed, planningMs, executionMs, problems } = result;
  const scanned = touched?.scanned.length ?? null;
  const total = touched === null ? null : touched.scanned.length + touched.pruned.length;
  return { table, probe, ranAt, outcome, scanned, total, allowed, planningMs, executionMs, problems };
}

/** Whoever sees a miss on the page or in the status is told what helps, too. */
function probeRecord(result: ProbeResult): ProbeRecord {
  const { outcome, ranAt, problems, unpruned } = result;
  const helps = unpruned === null || unpruned.fix === null ? [] : [unpruned.fix];
  return {
    ...probeRun(result),
    problems: [...problems, ...helps],
    lastMiss: outcome === 'met' ? null : { at: ranAt, report: describeProbe(result).join('\n') },
  };
}
