import { indexNameOn } from '../../partition/index-definition.ts';
import type { TablePolicy } from '../../partition/policy.ts';
import { formatQualifiedName, type QualifiedName } from '../../partition/qualified-name.ts';
import type { IndexFacts, IndexMark } from '../../partition/upkeep.ts';
import { isNamedAsLeftover } from '../leftover.ts';
import type { Leaf } from './leaf.ts';

/**
 * What an invalid index is. ours: one of `indexes` of the policy, half made, which the task `index` finishes or removes. leftover: the second index
 * of a REINDEX CONCURRENTLY that was interrupted, which nothing will ever complete. broken: any other, which REINDEX repairs.
 */
export type InvalidIndex = 'ours' | 'leftover' | 'broken';

/** Sorts an invalid index that nobody is building. `leaf`: what it is an index of. */
export function invalidIndex(index: IndexFacts, leaf: Leaf, policy: TablePolicy, marks: readonly IndexMark[]): InvalidIndex {
  if (isNamedAsLeftover(index.name.name)) return 'leftover';
  const isMarked = marks.some((mark) => mark.policyName !== null && mark.relationOid === index.relationOid && isSame(mark.index, index));
  const isNamedAsOurs = policy.indexes.some(({ name }) => isSame(indexNameOn(name, leaf.name), index));
  return isMarked || (isNamedAsOurs && index.parentIndexOid === null) ? 'ours' : 'broken';
}

/**
 * PostgreSQL rebuilds the index of an exclusion constraint only under a lock that keeps everybody out. Unique constraints have B-trees;
 * those WITHOUT OVERLAPS (18) are exclusion constraints too. Source: postgresql.org/docs/18/sql-reindex.html.
 */
export function canReindexConcurrently({ isConstraint, isUnique, method }: IndexFacts): boolean {
  return !isConstraint || (isUnique && method === 'btree');
}

function isSame(name: QualifiedName, index: IndexFacts): boolean {
  return formatQualifiedName(name) === formatQualifiedName(index.name);
}
