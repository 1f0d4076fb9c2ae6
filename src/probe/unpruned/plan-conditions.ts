import { quoteIdentifier } from '../../partition/qualified-name.ts';
import type { ProbedTable } from '../probed-table.ts';
import type { PlanCondition, PlanNode, QueryPlan } from '../query-plan.ts';
import { type PartitionScan, partitionScans } from '../touched-partitions.ts';

/** The conditions at one scan of what is left; those of other partitions that read the same are left out. */
export interface ScanConditions {
  readonly alias: string;
  readonly texts: readonly string[];
}

/** Partitions differ by the index that they are read with, and references by their conditions; more kinds than this are not looked at. */
const mostKinds = 40;

/** What stands at the scans of partitions that are left, each kind once. Pure, throws nothing. */
export function scanConditions(plan: QueryPlan, table: ProbedTable): readonly ScanConditions[] {
  const kinds = new Map<string, ScanConditions>();
  for (const { node, isRead } of partitionScans(plan, table)) {
    if (!isRead || kinds.size >= mostKinds) continue;
    const alias = node.alias ?? '';
    const texts = textsOf(node.conditions);
    const kind = [parentAlias(alias), ...texts.map((text) => text.replaceAll(`${quoteIdentifier(alias)}.`, '.'))].join('\n');
    if (!kinds.has(kind)) kinds.set(kind, { alias, texts });
  }
  return [...kinds.values()];
}

/** Nodes that hand each row on before they ask for the next. */
const streaming: ReadonlySet<string> = new Set(['Result', 'ProjectSet', 'LockRows', 'Subquery Scan']);

/**
 * Whether a LIMIT ends the reading before the later partitions: an Append reads one child after the other, and no condition may turn rows down. One
 * that is ordered by the key is such an Append too (generate_orderedappend_paths in allpaths.c). False where it was run: then what is left was
 * read. Pure, throws nothing.
 */
export function isStoppedByLimit(plan: QueryPlan, table: ProbedTable): boolean {
  const lazy = new Set<PlanNode>();
  const addAll = (node: PlanNode): void => {
    lazy.add(node);
    node.children.forEach(addAll);
  };
  const visit = (node: PlanNode, isLimited: boolean): void => {
    const isFree = node.conditions.length === 0;
    if (isLimited && isFree && node.kind === 'Append') addAll(node);
    else for (const child of node.children) visit(child, node.kind === 'Limit' || (isLimited && isFree && streaming.has(node.kind)));
  };
  visit(plan.root, false);
  const isStopped = ({ node, isRead }: PartitionScan): boolean => !isRead || (lazy.has(node) && node.conditions.length === 0);
  return plan.root.loops === null && partitionScans(plan, table).every(isStopped);
}

/** Conditions of joins, which hold after the partitions were read. Pure, throws nothing. */
export function joinConditions(plan: QueryPlan): readonly string[] {
  const found: string[] = [];
  const visit = (node: PlanNode): void => {
    if (node.relation === null && /Join|Nested Loop/.test(node.kind)) found.push(...textsOf(node.conditions));
    node.children.forEach(visit);
  };
  visit(plan.root);
  return [...new Set(found)];
}

/** A Recheck Cond repeats the Index Cond of the index below. */
function textsOf(conditions: readonly PlanCondition[]): readonly string[] {
  return [...new Set(conditions.map(({ text }) => text))];
}

/**
 * The alias of the table, of which those of its partitions are made by a number (`set_rtable_names` in ruleutils.c): `e` of `e_12`. A table
 * whose own alias ends so keeps what is before it, which is as good to compare with.
 */
export function parentAlias(alias: string): string {
  return alias.replace(/_\d+$/, '');
}
