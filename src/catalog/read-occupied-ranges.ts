import { StatementError } from '../errors.ts';
import type { KeyCodec } from '../partition/key.ts';
import type { Partition, PartitionedTable } from '../partition/partition.ts';
import { isPosition, type Range } from '../partition/position.ts';
import { type NamedSql, namedSql } from '../postgres/named-sql.ts';
import { boolean, number, row } from '../postgres/row-decoder.ts';
import type { Session } from '../postgres/session.ts';
import { type KeySource, keyCast, keySource } from './key-source.ts';
import { readRelationSizes } from './read-relation-sizes.ts';

/** Two parameters a range; PostgreSQL takes 65535 in one statement, and a shorter one is easier on everybody. */
const rangesPerQuery = 200;

/**
 * Of `ranges`, those in which the default partition holds rows; in the order asked. By the index where the key has one, else in one scan for
 * all. A default that is locked, or cannot be read in time, may hold rows of all of them: a guard put on it in vain, again and again, would
 * refuse rows meanwhile.
 */
export async function readOccupiedRanges(
  session: Session,
  table: PartitionedTable,
  ranges: readonly Range[],
  signal: AbortSignal,
): Promise<readonly Range[]> {
  const partition = table.partitions.find(({ bound, isDetachPending }) => bound.kind === 'default' && !isDetachPending);
  if (partition === undefined || partition.kind === 'foreign' || ranges.length === 0) return [];
  const size = (await readRelationSizes(session, [partition.oid], [table.key.name], signal)).get(partition.oid);
  if (size === undefined || size.bytes === 0) return [];
  if (size.bytes === null) return ranges;
  try {
    const occupied: Range[] = [];
    for (let at = 0; at < ranges.length; at += rangesPerQuery) {
      occupied.push(...(await readBatch(session, table, partition, ranges.slice(at, at + rangesPerQuery), size.isKeyIndexed, signal)));
    }
    return occupied;
  } catch (error) {
    if (error instanceof StatementError) return ranges;
    throw error;
  }
}

async function readBatch(
  session: Session,
  { key, codec }: PartitionedTable,
  partition: Partition,
  ranges: readonly Range[],
  isKeyIndexed: boolean,
  signal: AbortSignal,
): Promise<readonly Range[]> {
  const source = keySource(partition, key);
  const parameters: string[] = [];
  const conditions = ranges.map((range) => condition(source, keyCast(key), codec, range, parameters));
  const sql = isKeyIndexed ? byIndex(source, conditions) : byScan(source, conditions);
  const rows = await session.rows(sql, parameters, decode, signal);
  const occupied = new Set(rows.filter(({ isOccupied }) => isOccupied).map(({ ordinal }) => ordinal));
  return ranges.filter((_, ordinal) => occupied.has(ordinal));
}

/** A null key lies in no range. */
function condition({ key }: KeySource, cast: string, codec: KeyCodec, { from, to }: Range, parameters: string[]): string {
  const parts = [`${key} IS NOT NULL`];
  if (isPosition(from)) parts.push(`${key} >= $${parameters.push(codec.format(from))}::${cast}`);
  if (isPosition(to)) parts.push(`${key} < $${parameters.push(codec.format(to))}::${cast}`);
  return parts.join(' AND ');
}

function byIndex({ relation }: KeySource, conditions: readonly string[]): NamedSql {
  const selects = conditions.map((where, i) => `SELECT ${i} AS "ordinal", EXISTS (SELECT FROM ${relation} WHERE ${where}) AS "isOccupied"`);
  return namedSql('read-occupied-ranges-by-index', selects.join(' UNION ALL '));
}

function byScan({ relation }: KeySource, conditions: readonly string[]): NamedSql {
  const flags = conditions.map((where) => `COALESCE(pg_catalog.bool_or(${where}), false)`);
  return namedSql(
    'read-occupied-ranges-by-scan',
    `SELECT f.ordinal - 1 AS "ordinal", f.flag AS "isOccupied" ` +
      `FROM (SELECT ARRAY[${flags.join(', ')}] AS flags FROM ${relation}) AS scanned ` +
      'CROSS JOIN LATERAL pg_catalog.unnest(scanned.flags) WITH ORDINALITY AS f (flag, ordinal)',
  );
}

const decode = row<{ readonly ordinal: number; readonly isOccupied: boolean }>({ ordinal: number, isOccupied: boolean });
