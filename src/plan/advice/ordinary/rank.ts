import type { KeyKind } from './key-kind.ts';
import type { ColumnUse, OrdinaryColumn } from './table.ts';

/** The few names that are most often what rows are looked for by; among equals they decide. */
const usualNames: ReadonlySet<string> = new Set([
  'created_at',
  'occurred_at',
  'event_time',
  'inserted_at',
  'recorded_at',
  'timestamp',
  'ts',
]);
const nowCalls =
  /\b(?:now|clock_timestamp|statement_timestamp|transaction_timestamp)\(\)|\b(?:CURRENT_TIMESTAMP|LOCALTIMESTAMP|CURRENT_DATE)\b|\buuidv7\(/;

export interface Ranked {
  readonly column: OrdinaryColumn;
  readonly key: KeyKind;
}

/**
 * The best first, for sorting. A column with nulls comes after all without (such rows have no partition), then times, identifiers with time in them, times
 * of which nothing shows that rows come by them (a date of birth), and numbers; then points: for conditions in recorded statements, which are what pruning lives on (up to 3), for the order on disk
 * (up to 2: rows come by it), NOT NULL (1), a default that is now (1), less 2 when statements change it (rows would move).
 * Ties go to usual names, then to the order of the table. Pure.
 */
export function compareCandidates(use: ColumnUse | null): (a: Ranked, b: Ranked) => number {
  return (a, b) =>
    Number(hasNulls(a.column)) - Number(hasNulls(b.column)) ||
    standing(a, use) - standing(b, use) ||
    points(b.column, use) - points(a.column, use) ||
    Number(usualNames.has(b.column.name)) - Number(usualNames.has(a.column.name));
}

/** Whether the column's default is the time of the insert. */
export function isNowByDefault(column: OrdinaryColumn): boolean {
  return nowCalls.test(column.default ?? '');
}

const standings: readonly (KeyKind['kind'] | 'unrelated time')[] = ['time', 'sortable-id', 'unrelated time', 'integer'];

function standing({ column, key }: Ranked, use: ColumnUse | null): number {
  return standings.indexOf(key.kind === 'time' && !showsArrival(column, use) ? 'unrelated time' : key.kind);
}

function showsArrival(column: OrdinaryColumn, use: ColumnUse | null): boolean {
  const isLookedFor = (use?.conditions.get(column.name) ?? 0) > 0;
  const isChanged = (use?.assignments.get(column.name) ?? 0) > 0;
  return (orderOnDisk(column) > 0 && !isChanged) || isLookedFor || isNowByDefault(column) || usualNames.has(column.name);
}

function hasNulls(column: OrdinaryColumn): boolean {
  return (column.nullFraction ?? 0) > 0;
}

/** Coarse: a correlation of 0.98 is no better than one of 0.97. */
function orderOnDisk({ correlation }: OrdinaryColumn): number {
  const order = Math.abs(correlation ?? 0);
  return order >= 0.9 ? 2 : order >= 0.5 ? 1 : 0;
}

function points(column: OrdinaryColumn, use: ColumnUse | null): number {
  return orderOnDisk(column) + usePoints(column.name, use) + Number(column.isNotNull) + Number(isNowByDefault(column));
}

function usePoints(name: string, use: ColumnUse | null): number {
  if (use === null) return 0;
  const share = use.statements === 0 ? 0 : (use.conditions.get(name) ?? 0) / use.statements;
  return 3 * share - ((use.assignments.get(name) ?? 0) > 0 ? 2 : 0);
}
