import type { UpkeepFacts } from '../../partition/upkeep.ts';
import type { Analyze, Vacuum } from '../step.ts';
import type { Subject } from '../subject.ts';
import { type Closing, closingWork } from './closed.ts';
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
export function leafWork(subject: Subject, closing: Closing, facts: UpkeepFacts, leaf: Leaf): LeafWork | null {
  const due = reasonsOf(closing, facts, leaf);
  const reasons = Object.values(due).filter((reason) => reason !== null);
  if (reasons.length === 0) return null;
  const base = {
    table: subject.table.name,
    tableOid: subject.table.oid,
    partition: leaf.name,
    partitionOid: leaf.oid,
    range: leaf.range,
    limits: closing.policy.limits,
    reason: reasons.join('; '),
    task: 'maintenance',
  } as const;
  const vacuum: Vacuum = {
    ...base,
    kind: 'vacuum',
    freeze: due.age !== null || due.frozen !== null,
    analyze: due.stale !== null || due.frozen !== null,
    frozen: due.frozen === null ? null : { oid: leaf.oid, filenode: leaf.filenode, changes: leaf.changes },
  };
  if (due.age !== null) return { leaf, step: vacuum, urgency: 'age', weight: ageShare(leaf, facts) };
  if (due.dead !== null) return { leaf, step: vacuum, urgency: 'dead-rows', weight: leaf.deadRows };
  if (due.frozen !== null) return { leaf, step: vacuum, urgency: 'closed', weight: 0 };
  return { leaf, step: { ...base, kind: 'analyze', isParent: false }, urgency: 'statistics', weight: leaf.changedRows };
}

/** Why a leaf is to be frozen for its age, vacuumed, analysed, and frozen for having closed; null: it is not. */
type Reasons = Readonly<Record<'age' | 'dead' | 'stale' | 'frozen', string | null>>;

function reasonsOf(closing: Closing, facts: UpkeepFacts, leaf: Leaf): Reasons {
  const { policy } = closing;
  const closed = closingWork(closing, leaf, facts.marks.frozen.get(leaf.oid));
  return {
    age: explainAge(policy, leaf, facts),
    dead: explainDeadRows(policy, leaf),
    stale: explainStaleStatistics(policy, leaf) ?? (closed?.work === 'analyze' ? closed.reason : null),
    frozen: closed?.work === 'freeze' ? closed.reason : null,
  };
}

/** Most urgent first. */
export function compareWork(a: LeafWork, b: LeafWork): number {
  return urgencies.indexOf(a.urgency) - urgencies.indexOf(b.urgency) || b.weight - a.weight || compareLeaves(a.leaf, b.leaf);
}
