import type { MaintenancePolicy } from '../../partition/policy.ts';
import type { UpkeepFacts } from '../../partition/upkeep.ts';
import type { Analyze, Vacuum } from '../step.ts';
import type { Subject } from '../subject.ts';
import { closingWork } from './closed.ts';
import { compareLeaves, type Leaf } from './leaf.ts';
import { ageShare, explainAge, explainDeadRows, explainStaleStatistics } from './rows-due.ts';

/** What is due for the rows of one leaf: one command, whatever the number of reasons. */
export interface LeafWork {
  readonly leaf: Leaf;
  readonly step: Vacuum | Analyze;
  readonly urgency: Urgency;
  /** Among works of the same urgency, greater ones first; equal ones go by age of the range. */
  readonly weight: number;
}

/** In the order of the plan. */
const urgencies = ['age', 'dead-rows', 'statistics', 'closed'] as const;
type Urgency = (typeof urgencies)[number];

/** The one command that is due for the rows of a leaf; null: none. */
export function leafWork(subject: Subject, policy: MaintenancePolicy, facts: UpkeepFacts, leaf: Leaf): LeafWork | null {
  const age = explainAge(policy, leaf, facts);
  const dead = explainDeadRows(policy, leaf);
  const stale = explainStaleStatistics(policy, leaf);
  const closing = closingWork(subject, policy, leaf, facts.marks.frozen.get(leaf.oid));
  const isClosing = closing?.work === 'freeze';
  const reasons = [age, dead, stale, closing?.reason ?? null].filter((reason) => reason !== null);
  if (reasons.length === 0) return null;
  const base = {
    table: subject.table.name,
    tableOid: subject.table.oid,
    partition: leaf.name,
    partitionOid: leaf.oid,
    range: leaf.range,
    limits: policy.limits,
    reason: reasons.join('; '),
    task: 'maintenance',
  } as const;
  if (age === null && dead === null && !isClosing) {
    return { leaf, step: { ...base, kind: 'analyze', isParent: false }, urgency: 'statistics', weight: leaf.changedRows };
  }
  const step: Vacuum = {
    ...base,
    kind: 'vacuum',
    freeze: age !== null || isClosing,
    analyze: stale !== null || closing !== null,
    frozen: isClosing ? { oid: leaf.oid, filenode: leaf.filenode, changes: leaf.changes } : null,
  };
  if (age !== null) return { leaf, step, urgency: 'age', weight: ageShare(leaf, facts) };
  return dead !== null ? { leaf, step, urgency: 'dead-rows', weight: leaf.deadRows } : { leaf, step, urgency: 'closed', weight: 0 };
}

/** Most urgent first. */
export function compareWork(a: LeafWork, b: LeafWork): number {
  return urgencies.indexOf(a.urgency) - urgencies.indexOf(b.urgency) || b.weight - a.weight || compareLeaves(a.leaf, b.leaf);
}
