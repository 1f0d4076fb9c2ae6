import { formatBytes } from '../../plan/maintenance/quantities.ts';
import type { DatabaseStatus, PartitionStatus, ProbeStatus, TableStatus, WorkStatus } from '../../reconcile/status.ts';
import type { Colours } from './colours.ts';
import { printable } from './printable.ts';
import { formatRows, formatShare } from './sizes.ts';
import { type TextColumn, textTable } from './text-table.ts';

const left = (heading: string): TextColumn => ({ heading, align: 'left' });
const right = (heading: string): TextColumn => ({ heading, align: 'right' });

/** All tables of all databases, one line each; ROWS and SIZE are the statistics' estimates. */
export function tablesText(databases: readonly DatabaseStatus[], colours: Colours): string {
  const columns = [
    left('DATABASE'),
    left('TABLE'),
    left('INTERVAL'),
    right('PARTITIONS'),
    right('AHEAD'),
    left('COVERED UNTIL'),
    right('ROWS'),
    right('SIZE'),
    right('STEPS DUE'),
    right('FINDINGS'),
  ];
  const rows = databases.flatMap((database) => database.tables.map((table) => tableRow(database.database, table, colours)));
  return textTable(columns, rows);
}

/** The partitions of one table, in the order of their bounds. */
export function partitionsText(table: TableStatus, colours: Colours): string {
  const columns = [left('PARTITION'), left('STATE'), left('FROM'), left('TO'), right('ROWS'), right('SIZE')];
  return textTable(
    columns,
    table.partitions.map((partition) => partitionRow(partition, colours)),
  );
}

/** `vacuum of public.p is at work: scanning heap, 45%`. */
export function workText({ partition, command, phase, done, total }: WorkStatus): string {
  return printable(`${command} of ${partition} is at work: ${phase}${total > 0 ? `, ${formatShare(done, total)}` : ''}`);
}

/** `probe daily missed at 2025-03-10T12:00:00Z: 24 of 24 partitions (1 allowed), planned in 1.2 ms, ran in 310 ms. It leaves ...`. */
export function probeText(status: ProbeStatus, colours: Colours): string {
  const { probe, outcome, ranAt, problems } = status;
  const measured = measuredTexts(status);
  const told = [`at ${ranAt}:`, ...(measured.length === 0 ? [] : [`${measured.join(', ')}.`]), ...problems].join(' ');
  return `probe ${printable(probe)} ${outcome === 'met' ? colours.good(outcome) : colours.bad(outcome)} ${printable(told)}`;
}

function measuredTexts({ scanned, total, allowed, planningMs, executionMs }: ProbeStatus): readonly string[] {
  const limit = allowed === null ? '' : ` (${allowed} allowed)`;
  return [
    ...(scanned === null || total === null ? [] : [`${scanned} of ${total} partitions${limit}`]),
    ...(planningMs === null ? [] : [`planned in ${formatMs(planningMs)}`]),
    ...(executionMs === null ? [] : [`ran in ${formatMs(executionMs)}`]),
  ];
}

function formatMs(ms: number): string {
  return `${ms < 10 ? ms.toFixed(1) : ms.toFixed(0)} ms`;
}

function tableRow(database: string, table: TableStatus, colours: Colours): readonly string[] {
  const name = [printable(database), printable(table.table)];
  if (table.error !== null) return [...name, colours.bad('unknown'), '', '', '', '', '', '', ''];
  return [
    ...name,
    table.interval,
    String(table.partitionCount),
    `${table.futureCount}/${table.premake}`,
    table.coverageEnd ?? '-',
    formatRows(table.estimatedRows),
    formatBytes(table.estimatedBytes),
    String(table.steps),
    table.findings.length === 0 ? '0' : colours.doubtful(String(table.findings.length)),
  ];
}

function partitionRow(partition: PartitionStatus, colours: Colours): readonly string[] {
  const state = partition.isCurrent ? `${partition.state}, current` : partition.state;
  return [
    printable(partition.partition),
    partition.isCurrent ? colours.good(state) : state,
    partition.from ?? '-',
    partition.to ?? '-',
    formatRows(partition.estimatedRows),
    formatBytes(partition.estimatedBytes),
  ];
}
