/**
 * Indexes that go: what an interrupted REINDEX or build left behind, those of partitions that have left a subset, and, where the policy says
 * so, those of entries that it no longer has. Only what is marked as partitiond's is ever looked at.
 */
import type { IndexPolicy } from '../../partition/policy.ts';
import { formatQualifiedName, quoteIdentifier } from '../../partition/qualified-name.ts';
import type { IndexFacts } from '../../partition/upkeep.ts';
import { leftoverOf } from '../leftover.ts';
import { dropIndex, type IndexStep, reindex } from './index-steps.ts';
import { describePartitions, subsetOf } from './indexed-partitions.ts';
import type { Inventory, Place } from './inventory.ts';

/** An entry of the policy, and which partitions it is for; null: not known right now. */
interface Entry {
  readonly wanted: IndexPolicy;
  readonly belongs: ReturnType<typeof subsetOf>;
}

/** By name. */
type Entries = ReadonlyMap<string, Entry>;

/**
 * One step for each index that is not `kept` (oids) and that no other step of the plan touches. Indexes that are attached to another go with
 * that one, those of a constraint with that; what is being built is left alone. Nothing goes while not all indexes are known.
 */
export function planUnwanted(inventory: Inventory, kept: ReadonlySet<string>): readonly IndexStep[] {
  if (!inventory.facts.isWhole) return [];
  const entries: Entries = new Map(
    inventory.subject.policy.indexes.map((wanted) => [wanted.name, { wanted, belongs: subsetOf(inventory.subject, wanted.partitions) }]),
  );
  return inventory.facts.indexes.flatMap((index) => {
    const place = inventory.place(index.relationOid);
    if (place === undefined || index.isBuilding || index.isConstraint || kept.has(index.oid)) return [];
    return decide(inventory, entries, place, index);
  });
}

function decide(inventory: Inventory, entries: Entries, place: Place, index: IndexFacts): readonly IndexStep[] {
  const policyName = inventory.markOf(index)?.policyName ?? null;
  const isBroken = place.kind !== 'partitioned' && !index.isValid;
  if (policyName === null) return index.parentIndexOid === null ? leftover(inventory, place, index) : [];
  if (index.parentIndexOid !== null)
    return isBroken && !inventory.hasFailed(index) ? [reindex(inventory, place, index, 'an interrupted build left it invalid')] : [];
  const abandoned = isBroken ? 'an interrupted build left it invalid, and it is no longer asked for' : null;
  const reason = reasonToDrop(inventory, place, entries.get(policyName), policyName) ?? abandoned;
  return reason === null ? [] : [dropIndex(inventory, place, index, reason)];
}

/** Null: it stays. An entry for all partitions that has not come that far keeps what it has. */
function reasonToDrop({ subject, rangeOf }: Inventory, place: Place, entry: Entry | undefined, policyName: string): string | null {
  if (entry?.wanted.partitions.kind === 'all') return null;
  if (entry === undefined || place.kind === 'partitioned') {
    return subject.policy.dropRemovedIndexes ? `the policy no longer asks for index ${quoteIdentifier(policyName)} there` : null;
  }
  const { wanted, belongs } = entry;
  const range = rangeOf(place);
  if (belongs === null || (range !== null && belongs(range))) return null;
  return `the partition is not among ${describePartitions(wanted.partitions)}, for which index ${quoteIdentifier(wanted.name)} is asked`;
}

/** The second index of a REINDEX CONCURRENTLY that we began. */
function leftover(inventory: Inventory, place: Place, index: IndexFacts): readonly IndexStep[] {
  if (index.isValid) return [];
  const of = leftoverOf(index, inventory.facts.marks.indexes);
  return of === undefined ? [] : [dropIndex(inventory, place, index, `an interrupted REINDEX of ${formatQualifiedName(of.index)} left it`)];
}
