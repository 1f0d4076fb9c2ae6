import type { KeyCodec } from '../partition/key.ts';
import type { DetachedRecord, DetachedTable, Hold, HoldRecord, Partition } from '../partition/partition.ts';
import { MAXVALUE, MINVALUE, type Range } from '../partition/position.ts';
import type { QualifiedName } from '../partition/qualified-name.ts';
import type { DetachedRelationRow } from './detached-relations.sql.ts';

/**
 * The journal's detached tables of the parent with `parentOid`, compared with the catalog; in the order of `records`. Present only when the
 * same oid still has the same name and is attached to nothing; bounds that the key no longer understands make it `changed`, so that nobody
 * drops it. Left out: what was being detached and still is among `partitions`, where planning finds it. Pure.
 */
export function detachedTables(
  parentOid: string,
  partitions: readonly Partition[],
  records: readonly DetachedRecord[],
  relations: ReadonlyMap<string, DetachedRelationRow>,
  codec: KeyCodec,
): readonly DetachedTable[] {
  const ours = records.filter((record) => record.parentOid === parentOid);
  if (ours.length === 0) return [];
  const attached = new Set(partitions.map(({ oid }) => oid));
  return ours
    .filter((record) => record.state === 'detached' || !attached.has(record.oid))
    .map((record) => {
      const relation = relations.get(record.oid);
      const range = rangeOf(record, codec);
      return {
        oid: record.oid,
        name: record.name,
        range: range ?? { from: MINVALUE, to: MAXVALUE },
        detachedAt: record.detachedAt,
        dropAfter: record.dropAfter,
        origin: record.origin,
        state:
          relation === undefined
            ? 'absent'
            : range !== null && relation.isLooseTable && isSame(relation, record.name)
              ? 'present'
              : 'changed',
      };
    });
}

/** The holds on `table`; one whose bounds the key does not understand holds the whole table. Pure. */
export function holdsOf(table: QualifiedName, records: readonly HoldRecord[], codec: KeyCodec): readonly Hold[] {
  return records
    .filter((record) => isSame(record.table, table))
    .map((record) => {
      const range = record.from === null && record.to === null ? null : rangeOf(record, codec);
      return { range, reason: record.reason, ...(record.until === undefined ? {} : { until: record.until }) };
    });
}

function rangeOf(record: { readonly from: string | null; readonly to: string | null }, codec: KeyCodec): Range | null {
  try {
    const from = record.from === null ? MINVALUE : codec.parse(record.from);
    const to = record.to === null ? MAXVALUE : codec.parse(record.to);
    return from < to ? { from, to } : null;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function isSame(a: { readonly schema: string; readonly name: string }, b: QualifiedName): boolean {
  return a.name === b.name && a.schema === b.schema;
}
