/**
 * Which indexes of the policy are to be made, finished or removed, on which relations and in which order. Knows the catalog's indexes and
 * the journal's marks; locks, windows and how many builds run at once are for others.
 */
import type { IndexPolicy } from '../../partition/policy.ts';
import type { UpkeepFacts } from '../../partition/upkeep.ts';
import type { Finding } from '../finding.ts';
import { groupBy } from '../group-by.ts';
import type { Subject } from '../subject.ts';
import { explainLacking } from './index-findings.ts';
import type { IndexStep } from './index-steps.ts';
import { type Inventory, takeInventory } from './inventory.ts';
import { permitted } from './permitted.ts';
import { planRollOut } from './roll-out.ts';
import { haveSameShape } from './same-shape.ts';
import { planSubset } from './subset.ts';
import { planUnwanted } from './unwanted.ts';

export interface IndexPlan {
  readonly steps: readonly IndexStep[];
  readonly findings: readonly Finding[];
}

/**
 * Plans the task `index` of one table. First what is made on partitioned relations, from the top; then leaf by leaf, the newest partition's
 * first, what goes before what is made and what is attached; then what is attached or goes on partitioned relations, from below. `leaving`:
 * oids of partitions that this plan detaches or drops, or whose detach is pending. An applied plan leaves nothing to plan, an interrupted
 * one what is missing. Steps that the role may not do are left out, and are a finding. Pure, throws nothing.
 */
export function planIndexes(subject: Subject, facts: UpkeepFacts, leaving: ReadonlySet<string>): IndexPlan {
  const { indexes } = subject.policy;
  if (indexes.length === 0 && facts.marks.indexes.length === 0) return { steps: [], findings: [] };
  const inventory = takeInventory(subject, facts, leaving);
  const entries = indexes
    .filter(isFirst)
    .map((wanted) => (wanted.partitions.kind === 'all' ? planRollOut(inventory, wanted) : planSubset(inventory, wanted)));
  const work = entries.flatMap(({ leaves }) => leaves);
  const attaches = entries.flatMap((entry) => entry.attaches);
  const kept = new Set([...entries.flatMap((entry) => entry.kept), ...work.flatMap(touched)]);
  const unwanted = planUnwanted(inventory, kept);
  const isBelow = (step: IndexStep): boolean => inventory.place(step.partitionOid)?.kind === 'table';
  const { steps, lacking } = permitted(inventory, [
    ...entries.flatMap(({ onlys }) => onlys),
    ...byLeaf(inventory, [...unwanted.filter(isBelow), ...work]),
    ...attaches,
    ...unwanted.filter((step) => !isBelow(step)),
  ]);
  return { steps, findings: [...entries.flatMap(({ findings }) => findings), ...explainLacking(inventory, lacking)] };
}

/** An index of all partitions is also what any other entry of its shape asks for; the first of several has the name. */
function isFirst(wanted: IndexPolicy, place: number, entries: readonly IndexPolicy[]): boolean {
  const covering = entries.findIndex((other) => other.partitions.kind === 'all' && haveSameShape(other, wanted));
  return covering === -1 || covering === place;
}

function byLeaf({ leaves }: Inventory, steps: readonly IndexStep[]): readonly IndexStep[] {
  const groups = groupBy(steps, ({ partitionOid }) => partitionOid);
  return leaves.flatMap(({ oid }) => groups.get(oid) ?? []);
}

function touched(step: IndexStep): readonly string[] {
  return 'indexOid' in step ? [step.indexOid] : [];
}
