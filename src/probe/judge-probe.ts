import type { ProbeExpectation } from '../partition/policy.ts';
import type { QueryPlan } from './query-plan.ts';
import type { TouchedPartitions } from './touched-partitions.ts';

/** What a probe missed, one sentence each; empty when it is met. A target that is reached exactly is met. Pure, throws nothing. */
export function judgeProbe(expect: ProbeExpectation, plan: QueryPlan, touched: TouchedPartitions): readonly string[] {
  const problems: string[] = [];
  if (missesPartitions(expect, touched)) problems.push(partitionsProblem(touched, expect.partitions ?? 0));
  if (expect.planningMs !== null && plan.planningMs !== null && plan.planningMs > expect.planningMs) {
    problems.push(`Planning took ${milliseconds(plan.planningMs)}, ${milliseconds(expect.planningMs)} is allowed.`);
  }
  if (expect.executionMs !== null && plan.executionMs !== null && plan.executionMs > expect.executionMs) {
    problems.push(`Execution took ${milliseconds(plan.executionMs)}, ${milliseconds(expect.executionMs)} is allowed.`);
  }
  return problems;
}

/** Whether more partitions are left than may be. */
export function missesPartitions(expect: ProbeExpectation, { scanned }: TouchedPartitions): boolean {
  return expect.partitions !== null && scanned.length > expect.partitions;
}

function partitionsProblem({ scanned, pruned }: TouchedPartitions, allowed: number): string {
  const total = scanned.length + pruned.length;
  const left = scanned.length === 1 ? 'is left' : 'are left';
  return `${scanned.length} of ${total} partitions ${left} after pruning, ${allowed} ${allowed === 1 ? 'is' : 'are'} allowed.`;
}

/** As EXPLAIN has it: thousandths at most, none of them for whole numbers. */
export function milliseconds(ms: number): string {
  return `${Number(ms.toFixed(3))} ms`;
}
