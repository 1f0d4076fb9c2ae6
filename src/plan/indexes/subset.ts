import type { IndexPolicy } from '../../partition/policy.ts';
import { quoteIdentifier } from '../../partition/qualified-name.ts';
import { explainTaken, type TakenName } from './index-findings.ts';
import type { IndexStep } from './index-steps.ts';
import { describePartitions, subsetOf } from './indexed-partitions.ts';
import type { Inventory } from './inventory.ts';
import { lookAtLeaf, workOnLeaf } from './on-leaf.ts';
import type { EntryPlan } from './roll-out.ts';

/** Plans an entry for some partitions: an index of its own on each leaf of them, of whatever name when one with that shape is there. */
export function planSubset(inventory: Inventory, wanted: IndexPolicy): EntryPlan {
  const belongs = inventory.facts.isWhole ? subsetOf(inventory.subject, wanted.partitions) : null;
  const steps: IndexStep[] = [];
  const taken: TakenName[] = [];
  const kept: string[] = [];
  const reason = `index ${quoteIdentifier(wanted.name)} is asked for on ${describePartitions(wanted.partitions)}`;
  for (const leaf of belongs === null ? [] : inventory.leaves) {
    const range = inventory.rangeOf(leaf);
    if (belongs === null || range === null || !belongs(range)) continue;
    const found = lookAtLeaf(inventory, wanted, leaf, undefined);
    if (found.kind === 'has' || found.kind === 'failed') kept.push(found.index.oid);
    if (found.kind === 'taken') taken.push({ name: found.by.name, by: found.by });
    steps.push(...workOnLeaf(inventory, wanted, leaf, found, reason));
  }
  return { onlys: [], leaves: steps, attaches: [], findings: explainTaken(inventory, wanted, taken), kept };
}
