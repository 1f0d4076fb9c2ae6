import { compareEdges, type Edge, MAXVALUE, type Range } from '../../partition/position.ts';
import { formatQualifiedName, type QualifiedName } from '../../partition/qualified-name.ts';
import type { RelationFacts, UpkeepFacts } from '../../partition/upkeep.ts';
import type { Subject } from '../subject.ts';

/** A table with rows of its own that can be maintained: a partition, or a partition of one. */
export interface Leaf extends RelationFacts {
  /** Of the partition that it is or belongs to; null where it has none that can be read. */
  readonly range: Range | null;
}

/**
 * The leaves that `facts` tells of, in its order. Without foreign tables, what is below a pending detach, what has been detached since the
 * snapshot, and `leaving`: oids of partitions that the same plan detaches or drops.
 */
export function leavesOf({ table }: Pick<Subject, 'table'>, { relations }: UpkeepFacts, leaving: ReadonlySet<string>): readonly Leaf[] {
  if (relations.length === 0) return [];
  const roots = new Map(table.partitions.map((partition) => [partition.oid, partition]));
  return relations.flatMap((relation) => {
    const root = roots.get(relation.rootOid);
    if (relation.kind !== 'table' || root === undefined || root.isDetachPending || leaving.has(root.oid)) return [];
    const { bound } = root;
    return [{ ...relation, range: bound.kind === 'range' ? { from: bound.from, to: bound.to } : null }];
  });
}

/** Older ranges first, what has none last, then by name. */
export function compareLeaves(a: Leaf, b: Leaf): number {
  return compareEdges(beginning(a), beginning(b)) || compareNames(a.name, b.name);
}

/** As PostgreSQL spells them, by code units; 0 for the same name. */
export function compareNames(a: QualifiedName, b: QualifiedName): number {
  const [first, second] = [formatQualifiedName(a), formatQualifiedName(b)];
  return first < second ? -1 : first > second ? 1 : 0;
}

function beginning({ range }: Leaf): Edge {
  return range === null ? MAXVALUE : range.from;
}
