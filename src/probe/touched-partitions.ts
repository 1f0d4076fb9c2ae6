import type { QualifiedName } from '../partition/qualified-name.ts';
import type { ProbedPartition, ProbedTable } from './probed-table.ts';
import type { PlanNode, QueryPlan } from './query-plan.ts';

/** What is left of one table in one plan. */
export interface TouchedPartitions {
  /** Direct partitions that the plan may still read, each once however often it does, in the table's order. */
  readonly scanned: readonly QualifiedName[];
  readonly pruned: readonly QualifiedName[];
  /** Of the pruned ones: in the plan, but never executed (ANALYZE). */
  readonly neverExecuted: readonly QualifiedName[];
  /** Sum of `Subplans Removed` of the Appends: taken out when the executor started. */
  readonly removedAtStart: number;
  readonly scannedLeaves: number;
  readonly totalLeaves: number;
  /** Everything that was planned stayed unread as no row of the rest of the query asked for it: nothing tells whether it prunes (ANALYZE). */
  readonly isUnasked: boolean;
}

/** One scan of a leaf. */
export interface PartitionScan {
  readonly node: PlanNode;
  readonly partition: ProbedPartition;
  /** False: never executed, or below a condition that is false for all rows. */
  readonly isRead: boolean;
  /** False: it was not executed, and not because the Append above it pruned it. */
  readonly isAsked: boolean;
}

/**
 * Pure, throws nothing. A plan names leaves alone: scans of every kind (also those a foreign server joins for us) have a relation, and
 * what only changes rows has one too, but reads none. Source: postgresql.org/docs/18/ddl-partitioning.html#DDL-PARTITION-PRUNING.
 */
export function touchedPartitions(plan: QueryPlan, table: ProbedTable): TouchedPartitions {
  const scans = partitionScans(plan, table);
  const read = new Set(scans.filter(({ isRead }) => isRead).map(({ node }) => keyOf(node.relation)));
  const planned = new Set(scans.map(({ node }) => keyOf(node.relation)));
  const isIn = (leaves: ReadonlySet<string>, partition: ProbedPartition): boolean =>
    partition.leaves.some((leaf) => leaves.has(keyOf(leaf)));
  const scanned = table.partitions.filter((partition) => isIn(read, partition));
  const pruned = table.partitions.filter((partition) => !isIn(read, partition));
  return {
    scanned: scanned.map(({ name }) => name),
    pruned: pruned.map(({ name }) => name),
    neverExecuted: pruned.filter((partition) => isIn(planned, partition)).map(({ name }) => name),
    removedAtStart: removedAtStart(plan.root, scans),
    scannedLeaves: read.size,
    totalLeaves: table.partitions.reduce((total, { leaves }) => total + leaves.length, 0),
    isUnasked: scans.length > 0 && scans.every(({ isAsked }) => !isAsked),
  };
}

/** Whether anything of the table stands in the plan; not where it was pruned altogether, and where the query does not read it. Pure. */
export function isPlanned(touched: TouchedPartitions): boolean {
  return touched.scanned.length > 0 || touched.neverExecuted.length > 0 || touched.removedAtStart > 0;
}

/** The scans of a table in a plan, in the plan's order: one leaf may have several. Pure. */
export function partitionScans(plan: QueryPlan, table: ProbedTable): readonly PartitionScan[] {
  const owners = new Map(table.partitions.flatMap((partition) => partition.leaves.map((leaf) => [keyOf(leaf), partition] as const)));
  const scans: PartitionScan[] = [];
  const visit = (node: PlanNode, isReached: boolean, isChosen: boolean): void => {
    const isRead = isReached && node.loops !== 0;
    const partition = node.kind === changing ? undefined : owners.get(keyOf(node.relation));
    if (partition !== undefined) scans.push({ node, partition, isRead, isAsked: node.loops !== 0 || isChosen });
    const isPassed = isRead && !node.conditions.some(({ kind, text }) => kind === 'One-Time Filter' && text === 'false');
    const chooses = isRead && choosing.has(node.kind);
    for (const child of node.children) visit(child, isPassed, chooses);
  };
  visit(plan.root, true, false);
  return scans;
}

/** Its relation is what is written; what is read of it is a scan below. */
const changing = 'ModifyTable';

/** What may prune while it runs. */
const choosing: ReadonlySet<string> = new Set(['Append', 'Merge Append']);

/**
 * An Append tells how many subplans it lost, not of which table: they are those of the scans that it kept, or the table's when the Append lost
 * everything and the table stands nowhere else.
 */
function removedAtStart(root: PlanNode, scans: readonly PartitionScan[]): number {
  const ours = new Set(scans.map(({ node }) => node));
  const holdsOurs = (node: PlanNode): boolean =>
    node.children.some((child) => ours.has(child) || (child.subplansRemoved === 0 && holdsOurs(child)));
  const sum = (node: PlanNode): number => {
    const isOurs = node.subplansRemoved > 0 && (holdsOurs(node) || (node.children.length === 0 && ours.size === 0));
    return (isOurs ? node.subplansRemoved : 0) + node.children.reduce((total, child) => total + sum(child), 0);
  };
  return sum(root);
}

function keyOf(name: QualifiedName | null): string {
  return name === null ? '' : `${name.schema}\u0000${name.name}`;
}
