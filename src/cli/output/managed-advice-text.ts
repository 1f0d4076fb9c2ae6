import type { ManagedAdvice } from '../../advise/database-advice.ts';
import { formatInterval } from '../../partition/interval.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import { fewestClosed } from '../../plan/advice/advise-table.ts';
import type { GrowthAdvice, LockAdvice, TableAdvice } from '../../plan/advice/table-advice.ts';
import { formatBytes } from '../../plan/maintenance/quantities.ts';
import { countOf, formatCount } from '../../plan/wording.ts';
import { printable } from './printable.ts';
import { formatRows } from './sizes.ts';

/** What is known of one managed table, line by line: its name, then what was found, indented. Safe for a terminal. */
export function managedAdviceText({ table, advice, error }: ManagedAdvice): readonly string[] {
  const lines = advice === null ? [`could not be looked at: ${error ?? 'nobody knows why'}`] : adviceLines(advice);
  return [formatQualifiedName(table), ...lines.map((line) => `  ${line}`)].map(printable);
}

function adviceLines(advice: TableAdvice): readonly string[] {
  const { interval, locks } = advice;
  const change = interval === null ? [] : [`Better interval: ${formatInterval(interval.interval)}. ${interval.reason}`];
  return [...sizeLines(advice), ...growthLines(advice), ...change, lockLine(locks)];
}

function lockLine({ needed, available, fastPath, problem }: LockAdvice): string {
  if (problem !== null) return `Locks: ${problem}`;
  const alone = needed > fastPath ? `; a session takes ${formatCount(fastPath)} without contending with others (the fast path)` : '';
  return `Locks: a statement that prunes nothing takes ${formatCount(needed)} of ${formatCount(available)}${alone}.`;
}

function sizeLines({ bytesPerInterval, rowsPerInterval, closedPartitions, skew }: TableAdvice): readonly string[] {
  if (bytesPerInterval === null) return [];
  const rows = rowsPerInterval === null ? 'rows not known, never analysed' : `some ${formatRows(rowsPerInterval)} rows`;
  const what = `A partition takes ${formatBytes(bytesPerInterval)}, ${rows} (median of ${countOf(closedPartitions, 'closed one')})`;
  return [skew === null ? `${what}.` : `${what}; the largest takes ${skew.toFixed(1)} times that.`];
}

function growthLines({ axis, growth, closedPartitions }: TableAdvice): readonly string[] {
  if (closedPartitions < fewestClosed) {
    return [`Growth: too few closed partitions with rows (${closedPartitions} of ${fewestClosed}) to see a trend.`];
  }
  if (axis === 'integer') return ['Growth: no forecast; an integer key does not say when its rows came.'];
  if (growth === null) return [`Growth: not known; fewer than ${fewestClosed} of the closed partitions have a beginning and an end.`];
  return [paceLine(growth), forecastLine(growth)];
}

const seasons = { week: ', up and down with the days of the week', year: ', up and down with the months of the year' } as const;

function paceLine({ bytesPerDay, trendPerDay, season }: GrowthAdvice): string {
  // What is less than a thousandth is rounding or chance.
  const change =
    Math.abs(trendPerDay) * 1000 <= bytesPerDay
      ? ''
      : `, ${trendPerDay > 0 ? 'more' : 'less'} by ${formatBytes(Math.abs(trendPerDay))} each day`;
  return `Growth: ${formatBytes(bytesPerDay)} a day${change}${season === null ? '' : seasons[season]}.`;
}

function forecastLine({ forecast }: GrowthAdvice): string {
  const sizes = forecast.map(({ days, bytes }) => `${formatBytes(bytes)} in ${days} days`);
  return `Size, less what retention takes: ${sizes.join(', ')}.`;
}
