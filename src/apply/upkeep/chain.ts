import type { UpkeepLimits } from '../../partition/policy.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import type { Step, UpkeepStep } from '../../plan/step.ts';

/** The steps of one relation, which run one after the other; different chains run side by side. Never empty. */
export interface Chain {
  readonly relationOid: string;
  readonly tableOid: string;
  readonly limits: UpkeepLimits;
  /** Of the partitioned table itself, and nothing else of the table runs beside it: before 18 its ANALYZE goes through the partitions too. */
  readonly isExclusive: boolean;
  readonly steps: readonly UpkeepStep[];
}

/** Brief creations on partitioned tables, which indexes of partitions are attached to later. */
export function isOnly(step: UpkeepStep): boolean {
  return step.kind === 'create-index' && step.how === 'only';
}

/** Chains in the order in which their first step appears, each with its steps in theirs. `serverVersion` is `server_version_num`. */
export function chainsOf(steps: readonly UpkeepStep[], serverVersion: number): readonly Chain[] {
  const byRelation = new Map<string, UpkeepStep[]>();
  for (const step of steps) {
    const key = `${step.tableOid} ${step.partitionOid}`;
    const chain = byRelation.get(key);
    if (chain === undefined) byRelation.set(key, [step]);
    else chain.push(step);
  }
  return [...byRelation.values()].flatMap((chain) => {
    const [first] = chain;
    if (first === undefined) return [];
    const { partitionOid, tableOid, limits } = first;
    const isBeside = serverVersion >= 180000 && chain.every(({ kind }) => kind === 'analyze');
    return [{ relationOid: partitionOid, tableOid, limits, isExclusive: partitionOid === tableOid && !isBeside, steps: chain }];
  });
}

/**
 * The first of `pending` that `mayRun` and that fits beside those at work. One that waits for all else of its table to end keeps what comes after
 * it of that table from beginning; otherwise its turn would come last.
 */
export function nextChain(pending: readonly Chain[], active: ReadonlySet<Chain>, mayRun: (chain: Chain) => boolean): Chain | null {
  const awaited = new Set<string>();
  for (const chain of pending) {
    if (awaited.has(chain.tableOid) || !mayRun(chain)) continue;
    if (fitsBeside(chain, active)) return chain;
    if (chain.isExclusive) awaited.add(chain.tableOid);
  }
  return null;
}

/** Whether `chain` may run beside those at work: nothing on its relation, no more of its table than that allows. */
export function fitsBeside(chain: Chain, active: ReadonlySet<Chain>): boolean {
  let ofTable = 0;
  for (const other of active) {
    if (other.relationOid === chain.relationOid) return false;
    if (other.tableOid !== chain.tableOid) continue;
    if (chain.isExclusive || other.isExclusive) return false;
    ofTable += 1;
  }
  return ofTable < chain.limits.concurrency;
}

/**
 * What a step builds on: the index of the policy that it helps to make, so that one which cannot be made (or not now) stops neither other
 * indexes nor VACUUM. Null: nothing.
 */
export type Foundation = (step: Step) => string | null;

export function foundations(steps: readonly UpkeepStep[]): Foundation {
  const policies = new Map<string, string>();
  for (const step of steps) {
    if (step.kind === 'create-index') policies.set(at(step, formatQualifiedName(step.index)), step.definition.name);
  }
  return (step) => {
    if (step.kind === 'create-index') return at(step, step.definition.name);
    if (step.kind !== 'attach-index') return null;
    const name = policies.get(at(step, formatQualifiedName(step.index))) ?? policies.get(at(step, formatQualifiedName(step.parentIndex)));
    return name === undefined ? null : at(step, name);
  };
}

function at({ tableOid }: Step, name: string): string {
  return `${tableOid} ${name}`;
}
