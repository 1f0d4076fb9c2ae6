import type { MigrationSpec, Side, Sides } from '../../../partition/migration/spec.ts';
import { formatQualifiedName, quoteIdentifier } from '../../../partition/qualified-name.ts';
import { lockRowsClause } from '../capture/lock-rows.ts';
import { type LogEntries, renderAtPosition, renderEntriesCondition, renderOutside, renderPositions } from './log-entries.ts';

/**
 * For the transaction that replays: from the log's positions each row is looked up by an index. The planner, which does not count on pruning at
 * run time, would rather read all partitions of a table of some gigabytes once per bite. A policy that would hide rows raises an error instead.
 *
 * Each position has the executor look at every partition of the plan, so the plan has only those between the least and the greatest key of the
 * bite. Measured (a million rows of 135 bytes, PostgreSQL 18, bites of 10,000 positions that one UPDATE logged, medians of 4 to 6 rounds in turn,
 * two cores under a load of 7 to 12, which moves each figure by half; thousand keys per second): 365 partitions, keys from the last 7 %: 8 without
 * those bounds, 17 with them. Where the keys come from everywhere the bounds cannot help; without them 36 partitions gave 52, 365 gave 17. Not
 * taken, as its dynamic SQL would be a second way to do the same: DELETE and INSERT per partition in a plpgsql loop over grouped arrays (29, 58, 18).
 * Bites of 50,000 hold vacuum back five times as long (16 with bounds; 61 and 18 without).
 */
export const replaySettings: readonly string[] = [
  'SET LOCAL enable_hashjoin = off',
  'SET LOCAL enable_mergejoin = off',
  'SET LOCAL enable_seqscan = off',
  'SET LOCAL row_security = off',
];

/**
 * Makes the follower equal to the live table at each position of the entries: what it has there goes, what the live table has there now comes.
 * May be repeated at will. Under `dual` the live rows are locked first, as writers lock them before they touch the follower.
 */
export function renderApplyEntries(spec: MigrationSpec, sides: Sides, entries: LogEntries): readonly string[] {
  const positions = renderPositions(spec, entries);
  const names = spec.columns.map(({ name }) => quoteIdentifier(name));
  const live = `${sourceOf(sides.live)} AS s JOIN ${positions} AS e ON ${renderAtPosition(spec, entries, sides.live, 's')}`;
  const there = renderAtPosition(spec, entries, sides.follower, 'f');
  const lock = lockRowsClause(spec, 's');
  const outside = renderOutside(entries, ({ partitionKey }) => `f.${quoteIdentifier(partitionKey.name)}`);
  return [
    ...(lock === '' ? [] : [`SELECT pg_catalog.count(*) FROM (SELECT 1 FROM ${live}${lock}) AS locked`]),
    `DELETE FROM ${sourceOf(sides.follower)} AS f USING ${positions} AS e WHERE ${[there, ...outside].join(' AND ')}`,
    `INSERT INTO ${formatQualifiedName(sides.follower.name)} (${names.join(', ')}) OVERRIDING SYSTEM VALUE ` +
      `SELECT ${names.map((name) => `s.${name}`).join(', ')} FROM ${live}`,
  ];
}

export function renderConsumeEntries(entries: LogEntries): string {
  return `DELETE FROM ${formatQualifiedName(entries.log)} AS l WHERE ${renderEntriesCondition(entries)}`;
}

/** A side as FROM takes it. */
export function sourceOf({ name, isOnly }: Side): string {
  return `${isOnly ? 'ONLY ' : ''}${formatQualifiedName(name)}`;
}
