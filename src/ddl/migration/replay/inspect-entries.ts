import type { MigrationSpec, Side, Sides } from '../../../partition/migration/spec.ts';
import { formatQualifiedName, quoteIdentifier } from '../../../partition/qualified-name.ts';
import { sourceOf } from './apply-entries.ts';
import {
  type LogEntries,
  partitionKeyOfLog,
  renderAtPosition,
  renderEntriesCondition,
  renderPositions,
  renderVisible,
} from './log-entries.ts';

/**
 * One row: `entries`, the `first` and `last` TID of the first `limit` entries in the order of the file (null without any), `withheld`: whether
 * the transaction sees one that a batch in flight does not; `truncated`: whether there is a marker to be dealt with before anything else;
 * `least` and `greatest`: of their partition keys (null without any), by sorting, as not every type has min and max.
 */
export function renderChooseEntries(spec: MigrationSpec, entries: LogEntries, limit: number | null): string {
  const key = partitionKeyOfLog(spec);
  const outermost = (order: 'ASC' | 'DESC'): string =>
    `((pg_catalog.array_agg(c.${key} ORDER BY c.${key} ${order}) FILTER (WHERE c.${key} IS NOT NULL))[1])::pg_catalog.text`;
  const log = formatQualifiedName(entries.log);
  // Without a bound it would be a sequential scan, which may begin anywhere (synchronize_seqscans).
  const condition = renderEntriesCondition({ ...entries, from: entries.from ?? '(0,0)' });
  const withheld = entries.snapshots.map((snapshot) => `NOT ${renderVisible(snapshot)}`);
  return `
  SELECT
    pg_catalog.count(*)::pg_catalog.text AS "entries",
    pg_catalog.min(c.ctid)::pg_catalog.text AS "first",
    pg_catalog.max(c.ctid)::pg_catalog.text AS "last",
    ${outermost('ASC')} AS "least",
    ${outermost('DESC')} AS "greatest",
    ${withheld.length === 0 ? 'false' : `EXISTS (SELECT FROM ${log} AS l WHERE ${withheld.join(' OR ')})`} AS "withheld",
    EXISTS (SELECT FROM ${log} AS l WHERE l.kind OPERATOR(pg_catalog.=) 'truncate') AS "truncated"
  FROM (SELECT l.ctid, l.${key} FROM ${log} AS l WHERE ${condition}${limit === null ? '' : ` LIMIT ${limit}`}) AS c`;
}

/** The partition keys of the live rows at the entries' positions, as text in `key`: for those the follower needs partitions. */
export function renderNeededKeys(spec: MigrationSpec, sides: Sides, entries: LogEntries): string {
  return `
  SELECT DISTINCT s.${quoteIdentifier(spec.partitionKey.name)}::pg_catalog.text AS "key"
  FROM ${sourceOf(sides.live)} AS s
  JOIN ${renderPositions(spec, entries)} AS e ON ${renderAtPosition(spec, entries, sides.live, 's')}`;
}

/** One row with `count`: at how many positions of the entries the two sides differ. Rows are compared byte by byte, so any type will do. */
export function renderCompareEntries(spec: MigrationSpec, sides: Sides, entries: LogEntries): string {
  const rowOf = (side: Side, alias: string): string =>
    `SELECT ROW(${spec.comparedColumns.map(({ name }) => `${alias}.${quoteIdentifier(name)}`).join(', ')}) AS r ` +
    `FROM ${sourceOf(side)} AS ${alias} WHERE ${renderAtPosition(spec, entries, side, alias)}`;
  return `
  SELECT pg_catalog.count(*) AS "count"
  FROM ${renderPositions(spec, entries)} AS e
  LEFT JOIN LATERAL (${rowOf(sides.live, 's')}) AS a ON true
  LEFT JOIN LATERAL (${rowOf(sides.follower, 'f')}) AS b ON true
  WHERE (a.r IS NULL) OPERATOR(pg_catalog.<>) (b.r IS NULL) OR a.r OPERATOR(pg_catalog.*<>) b.r`;
}
