import { formatInstant } from '../../partition/calendar.ts';
import type { ProbeRecord } from '../../partition/probe-record.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import { describeProbe } from '../../probe/describe-probe.ts';
import type { ProbeResult } from '../../probe/run-probes.ts';
import type { Colours } from './colours.ts';
import { printable } from './printable.ts';
import { formatRows } from './sizes.ts';
import { counted } from './summary.ts';
import { type TextColumn, textTable } from './text-table.ts';

/** What one database's probes came to. */
export interface ProbedDatabase<T> {
  readonly database: string;
  readonly probes: readonly T[];
}

const left = (heading: string): TextColumn => ({ heading, align: 'left' });
const right = (heading: string): TextColumn => ({ heading, align: 'right' });

/**
 * All probes of all databases, one line each. BUFFERS are blocks of 8 kB: found in PostgreSQL's buffers, and read
 * into them or from temporary files.
 */
export function probesText(databases: readonly ProbedDatabase<ProbeResult>[], colours: Colours): string {
  const columns = [
    left('DATABASE'),
    left('TABLE'),
    left('PROBE'),
    left('OUTCOME'),
    right('SCANNED'),
    right('ALLOWED'),
    right('PLANNING'),
    right('EXECUTION'),
    left('BUFFERS'),
  ];
  const rows = databases.flatMap(({ database, probes }) => probes.map((result) => resultRow(database, result, colours)));
  return textTable(columns, rows);
}

/** What there is to say of one probe beyond its line, under a heading that names it; ends with a line break. */
export function probeDetails(database: string, result: ProbeResult, colours: Colours): string {
  return [headingOf(database, result, colours), ...describeProbe(result).map((line) => `  ${printable(line)}`), ''].join('\n');
}

/** `4 probes: 3 met, 1 missed.` */
export function probesSummary(results: readonly ProbeResult[]): string {
  const outcomes = (['met', 'missed', 'failed'] as const).flatMap((outcome) => {
    const count = results.filter((result) => result.outcome === outcome).length;
    return count === 0 ? [] : [`${count} ${outcome}`];
  });
  return `${counted(results.length, 'probe')}${outcomes.length === 0 ? '' : `: ${outcomes.join(', ')}`}.\n`;
}

/** What the journal keeps of the last run of a probe that was not met; ends with a line break. Null when there was none. */
export function lastMissText(database: string, record: ProbeRecord, colours: Colours): string | null {
  const { lastMiss } = record;
  if (lastMiss === null) return null;
  const since =
    record.ranAt === lastMiss.at
      ? 'which was its last run'
      : `and ${coloured(record.outcome, colours)} since, last at ${formatInstant(record.ranAt)}`;
  return [
    `${headingOf(database, record, colours)}, not met at ${formatInstant(lastMiss.at)}, ${since}:`,
    ...lastMiss.report
      .trimEnd()
      .split('\n')
      .map((line) => `  ${printable(line)}`),
    '',
  ].join('\n');
}

function resultRow(database: string, result: ProbeResult, colours: Colours): readonly string[] {
  const { touched, buffers } = result;
  return [
    printable(database),
    printable(formatQualifiedName(result.table)),
    printable(result.probe),
    coloured(result.outcome, colours),
    touched === null ? '-' : `${touched.scanned.length} of ${touched.scanned.length + touched.pruned.length}`,
    result.allowed === null ? '-' : String(result.allowed),
    formatElapsed(result.planningMs),
    formatElapsed(result.executionMs),
    buffers === null ? '-' : `${formatRows(buffers.hit)} hit, ${formatRows(buffers.read)} read`,
  ];
}

function headingOf(database: string, { table, probe }: Pick<ProbeResult, 'table' | 'probe'>, colours: Colours): string {
  return colours.strong(printable(`${database}, ${formatQualifiedName(table)}, ${probe}`));
}

function coloured(outcome: ProbeResult['outcome'], colours: Colours): string {
  switch (outcome) {
    case 'met':
      return colours.good(outcome);
    case 'missed':
      return colours.doubtful(outcome);
    case 'failed':
      return colours.bad(outcome);
  }
}

/** `0.42 ms`, `12.3 ms`, `2.10 s`; `-` when it was not measured. */
function formatElapsed(ms: number | null): string {
  if (ms === null) return '-';
  return ms < 1000 ? `${ms.toFixed(ms < 10 ? 2 : 1)} ms` : `${(ms / 1000).toFixed(2)} s`;
}
