import { visibleText } from './visible-text.ts';

/** `12,345`; `not analysed` for the -1 that PostgreSQL keeps until then. */
export function formatRows(rows: number): string {
  return rows < 0 ? 'not analysed' : formatCount(rows);
}

/** `1 row`, `12,345 rows`, `not analysed`. */
export function countedRows(rows: number): string {
  return rows < 0 ? 'not analysed' : counted(Math.round(rows), 'row');
}

/** `1 month` as it stands, `1,000 keys` for the step of an integer key. */
export function formatWidth(interval: string): string {
  return /^\d+$/.test(interval) ? counted(BigInt(interval), 'key') : visibleText(interval);
}

export function formatCount(count: number | bigint): string {
  // Thousands of them are on a page, and toLocaleString takes 20 times as long.
  return String(typeof count === 'bigint' ? count : Math.round(count)).replaceAll(/\B(?=(?:\d{3})+$)/g, ',');
}

/** `1 partition`, `12,345 partitions`. */
export function counted(count: number | bigint, word: string): string {
  return `${formatCount(count)} ${word}${Number(count) === 1 ? '' : 's'}`;
}

const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

/** `8 kB`, `1.4 GB`: steps of 1,024, as pg_size_pretty names them. */
export function formatBytes(bytes: number): string {
  let value = Math.max(0, bytes);
  let step = 0;
  // 1,023.95 of a unit would be written as 1,024.0 of it.
  while (value >= 1_023.95 && step < units.length - 1) {
    value /= 1_024;
    step += 1;
  }
  const isRound = step === 0 || value >= 100 || Number.isInteger(value);
  return `${value.toFixed(isRound ? 0 : 1)} ${units[step] ?? ''}`;
}

/** `<1 ms`, `12 ms`, `1.24 s`; a dash for null. */
export function formatMilliseconds(ms: number | null): string {
  if (ms === null) return '–';
  if (ms >= 1_000) return `${(ms / 1_000).toFixed(2)} s`;
  return ms < 1 ? '<1 ms' : `${ms.toFixed(ms < 10 ? 1 : 0)} ms`;
}

const spans = [
  ['year', 365.25 * 86_400],
  ['day', 86_400],
  ['h', 3_600],
  ['min', 60],
  ['s', 1],
] as const;

/** The two greatest units of a length of time, rounded down: `42 days 3 h`, `5 min 10 s`, `0 s`. Without its sign. */
export function formatDuration(seconds: number): string {
  let left = Math.floor(Math.abs(seconds));
  const parts: string[] = [];
  for (const [unit, size] of spans) {
    const count = Math.floor(left / size);
    left -= count * size;
    if (count > 0) parts.push(unit.length > 3 || unit === 'day' ? counted(count, unit) : `${count} ${unit}`);
    if (parts.length === 2 || (parts.length === 1 && count === 0)) break;
  }
  return parts.length === 0 ? '0 s' : parts.join(' ');
}

/** A moment in ISO 8601, or a bound, for people: `2026-04-01` at midnight, else `2026-04-01 13:30`; `1,000,000`; other text stays as it is. */
export function formatMoment(text: string): string {
  const match = /^([+-]?\d{4,6}-\d\d-\d\d)T(\d\d:\d\d)(:\d\d)?(?:\.\d+)?Z?$/.exec(text);
  if (match === null) return /^-?\d{5,}$/.test(text) ? formatCount(BigInt(text)) : visibleText(text);
  const [, date = '', minutes = '', seconds = ':00'] = match;
  if (minutes === '00:00' && seconds === ':00') return date;
  return `${date} ${minutes}${seconds === ':00' ? '' : seconds}`;
}
