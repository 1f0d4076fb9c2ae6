import { quoteLiteral } from '../../../partition/literal.ts';
import type { ColumnRef, MigrationSpec, Side } from '../../../partition/migration/spec.ts';
import { formatQualifiedName, type QualifiedName, quoteIdentifier } from '../../../partition/qualified-name.ts';
import { logColumns } from '../capture/capture-log.ts';

/**
 * Entries of the log that one transaction consumes: positions within a stretch of its file, whose transactions all `snapshots` show beside the
 * transaction's own. Within one snapshot each statement that says so means the same entries, so no key travels and none is stored twice.
 */
export interface LogEntries {
  readonly log: QualifiedName;
  /** TIDs, both included; null: no bound on that side. */
  readonly from: string | null;
  readonly to: string | null;
  /** `pg_snapshot` texts of the batches in flight. */
  readonly snapshots: readonly string[];
  /** Positions that stay in the log, as nothing can be written there just now. */
  readonly leftOut?: LeftOut;
  /** The least and the greatest partition key among the positions, as text; without it nothing is known of them. */
  readonly keys?: { readonly least: string; readonly greatest: string };
}

/** Ranges of the partition key; bounds are literals as SQL, `from` included, `to` not, null: open. */
export interface LeftOut {
  readonly partitionKey: ColumnRef;
  /** That column's in the log. */
  readonly logColumn: string;
  readonly ranges: readonly { readonly from: string | null; readonly to: string | null }[];
}

export function leaveOut(spec: MigrationSpec, ranges: LeftOut['ranges']): LeftOut {
  return { partitionKey: spec.partitionKey, logColumn: partitionKeyOfLog(spec), ranges };
}

/** The log's column that holds the partition key. */
export function partitionKeyOfLog(spec: MigrationSpec): string {
  return logColumns(spec).find(({ column }) => column.name === spec.partitionKey.name)?.log ?? 'p';
}

/**
 * Conditions that `column` (SQL, of the partition key's type) lies in none of the ranges. By constants and OR, so that on the follower the planner
 * prunes their partitions before it locks anything, as it does not for NOT.
 */
export function renderOutside({ leftOut }: Pick<LogEntries, 'leftOut'>, column: (leftOut: LeftOut) => string): readonly string[] {
  if (leftOut === undefined) return [];
  const { type } = leftOut.partitionKey;
  return leftOut.ranges.map(({ from, to }) => {
    const sides = [
      ...(from === null ? [] : [`${column(leftOut)} OPERATOR(pg_catalog.<) ${from}::${type}`]),
      ...(to === null ? [] : [`${column(leftOut)} OPERATOR(pg_catalog.>=) ${to}::${type}`]),
    ];
    return sides.length === 0 ? 'false' : `(${sides.join(' OR ')})`;
  });
}

/** Condition on the log by the alias `l`. */
export function renderEntriesCondition({ from, to, snapshots, ...entries }: LogEntries): string {
  return [
    "l.kind OPERATOR(pg_catalog.=) 'row'",
    ...(from === null ? [] : [`l.ctid OPERATOR(pg_catalog.>=) ${quoteLiteral(from)}::pg_catalog.tid`]),
    ...(to === null ? [] : [`l.ctid OPERATOR(pg_catalog.<=) ${quoteLiteral(to)}::pg_catalog.tid`]),
    ...snapshots.map(renderVisible),
    ...renderOutside(entries, ({ logColumn }) => `l.${logColumn}`),
  ].join(' AND ');
}

/** Whether a snapshot shows what the transaction of entry `l` did. */
export function renderVisible(snapshot: string): string {
  return `pg_catalog.pg_visible_in_snapshot(l.xid, ${quoteLiteral(snapshot)}::pg_catalog.pg_snapshot)`;
}

/** The positions of the entries, each once, as a subquery. */
export function renderPositions(spec: MigrationSpec, entries: LogEntries): string {
  const columns = logColumns(spec).map(({ log }) => `l.${log}`);
  return `(SELECT DISTINCT ${columns.join(', ')} FROM ${formatQualifiedName(entries.log)} AS l WHERE ${renderEntriesCondition(entries)})`;
}

/**
 * Whether the row `alias` of `side` is at the position `e` of `entries`. Of a partitioned side the bounds of all positions say so once more, in
 * constants, so that the plan holds no other partitions: see `replaySettings`.
 */
export function renderAtPosition(spec: MigrationSpec, { keys }: Pick<LogEntries, 'keys'>, side: Side, alias: string): string {
  const { name, type } = spec.partitionKey;
  const equal = logColumns(spec).map(({ log, column }) => `${alias}.${quoteIdentifier(column.name)} OPERATOR(pg_catalog.=) e.${log}`);
  if (side.isOnly || keys === undefined) return equal.join(' AND ');
  const key = `${alias}.${quoteIdentifier(name)}`;
  return [
    ...equal,
    `${key} OPERATOR(pg_catalog.>=) ${quoteLiteral(keys.least)}::${type}`,
    `${key} OPERATOR(pg_catalog.<=) ${quoteLiteral(keys.greatest)}::${type}`,
  ].join(' AND ');
}
