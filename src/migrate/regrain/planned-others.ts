import { namedSql } from '../../postgres/named-sql.ts';
import { row, text } from '../../postgres/row-decoder.ts';
import { type RegrainEngine, readMembers } from './regrain-engine.ts';

/**
 * Whether the table has the partitions that are in no way concerned, and no more: only beside those the CHECK of a default partition spares ATTACH the
 * scan, and only then are its rows those that were planned. Always, where no default partition changes places.
 */
export async function hasPlannedOthers(engine: RegrainEngine, signal: AbortSignal): Promise<boolean> {
  const { session, spec } = engine;
  const { others } = spec.regrain;
  if (others === undefined) return true;
  const { sources, targets } = await readMembers(engine, session, signal);
  const own = new Set([...sources, ...targets].map(({ oid }) => oid));
  const found = await session.rows(partitionsSql, [spec.definition.oid], row<{ readonly oid: string }>({ oid: text }), signal);
  const left = found.map(({ oid }) => oid).filter((oid) => !own.has(oid));
  return left.length === others.length && left.every((oid) => others.includes(oid));
}

const partitionsSql = namedSql(
  'read-regrain-partitions',
  'SELECT i.inhrelid::pg_catalog.text AS "oid" FROM pg_catalog.pg_inherits AS i WHERE i.inhparent = $1::pg_catalog.oid',
);
