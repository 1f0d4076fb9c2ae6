import { indexNameOn } from '../../partition/index-definition.ts';
import type { TablePolicy } from '../../partition/policy.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import type { IndexFacts, IndexMark } from '../../partition/upkeep.ts';
import type { Leaf } from './leaf.ts';

/**
 * What an invalid index is. ours: one of `indexes` of the policy, half made, which the task `index` finishes or removes. leftover: the second index
 * of a REINDEX CONCURRENTLY that was interrupted, which nothing will ever complete. broken: any other, which REINDEX repairs.
 */
export type InvalidIndex = 'ours' | 'leftover' | 'broken';

/** Sorts an invalid index that nobody is building. `leaf`: what it is an index of. */
export function invalidIndex(index: IndexFacts, leaf: Leaf, policy: TablePolicy, marks: readonly IndexMark[]): InvalidIndex {
  if (reindexedName(index.name.name) !== null) return 'leftover';
  const isMarked = marks.some((mark) => mark.policyName !== null && isOf(mark, index, index.name.name));
  const isNamedAsOurs = policy.indexes.some(({ name }) => isSame(indexNameOn(name, leaf.name), index));
  return isMarked || (isNamedAsOurs && index.parentIndexOid === null) ? 'ours' : 'broken';
}

/** Whether a leftover stands beside an index that partitiond was building or reindexing: then the task `index` removes it. */
export function isOurLeftover(index: IndexFacts, marks: readonly IndexMark[]): boolean {
  const reindexed = reindexedName(index.name.name);
  return reindexed !== null && marks.some((mark) => mark.state !== 'built' && isOf(mark, index, reindexed));
}

/**
 * PostgreSQL rebuilds the index of an exclusion constraint only under a lock that keeps everybody out. Unique constraints have B-trees;
 * those WITHOUT OVERLAPS (18) are exclusion constraints too. Source: postgresql.org/docs/18/sql-reindex.html.
 */
export function canReindexConcurrently({ isConstraint, isUnique, method }: IndexFacts): boolean {
  return !isConstraint || (isUnique && method === 'btree');
}

/** `x` of `x_ccnew` and `x_ccold`, which PostgreSQL numbers when the name is taken (`x_ccnew1`); null: another name. */
function reindexedName(name: string): string | null {
  return /^(.+)_cc(?:new|old)\d*$/s.exec(name)?.[1] ?? null;
}

function isOf(mark: IndexMark, index: IndexFacts, name: string): boolean {
  return mark.relationOid === index.relationOid && mark.index.name === name;
}

function isSame(name: IndexFacts['name'], index: IndexFacts): boolean {
  return formatQualifiedName(name) === formatQualifiedName(index.name);
}
