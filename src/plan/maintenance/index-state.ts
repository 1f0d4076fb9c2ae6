import { indexNameOn } from '../../partition/index-definition.ts';
import type { TablePolicy } from '../../partition/policy.ts';
import type { IndexFacts, IndexMark } from '../../partition/upkeep.ts';
import { isNamedAsLeftover } from '../leftover.ts';
import { compareNames, type Leaf } from './leaf.ts';

/**
 * What an invalid index is. ours: one of `indexes` of the policy, half made, which the task `index` finishes or removes. leftover: the second index
 * of a REINDEX CONCURRENTLY that was interrupted, which nothing will ever complete. duplicates: a REINDEX met keys in it that are not unique, and
 * would meet them again. broken: any other, which REINDEX repairs.
 */
export type InvalidIndex = 'ours' | 'leftover' | 'duplicates' | 'broken';

/** Sorts an invalid index that nobody is building. `leaf`: what it is an index of. */
export function invalidIndex(index: IndexFacts, leaf: Leaf, policy: TablePolicy, marks: readonly IndexMark[]): InvalidIndex {
  if (isNamedAsLeftover(index.name.name)) return 'leftover';
  const mark = markOf(index, marks);
  if (mark?.state === 'failed') return 'duplicates';
  const isMarked = mark !== undefined && mark.policyName !== null;
  const isNamedAsOurs = policy.indexes.some(({ name }) => compareNames(indexNameOn(name, leaf.name), index.name) === 0);
  return isMarked || (isNamedAsOurs && index.parentIndexOid === null) ? 'ours' : 'broken';
}

/** What the journal remembers of the index; undefined: nothing. */
export function markOf({ relationOid, name }: IndexFacts, marks: readonly IndexMark[]): IndexMark | undefined {
  return marks.find((mark) => mark.relationOid === relationOid && compareNames(mark.index, name) === 0);
}

/**
 * PostgreSQL rebuilds the index of an exclusion constraint only under a lock that keeps everybody out. Unique constraints have B-trees;
 * those WITHOUT OVERLAPS (18) are exclusion constraints too. Source: postgresql.org/docs/18/sql-reindex.html.
 */
export function canReindexConcurrently({ isConstraint, isUnique, method }: IndexFacts): boolean {
  return !isConstraint || (isUnique && method === 'btree');
}
