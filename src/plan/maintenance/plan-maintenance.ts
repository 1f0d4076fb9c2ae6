/**
 * What of the partitions' VACUUM, ANALYZE, freeze and REINDEX is due, and in which order: decided from statistics, never from a calendar alone.
 * Knows neither windows nor who else is at work; whether a step can be done now is for the run to see.
 */
import type { UpkeepFacts } from '../../partition/upkeep.ts';
import type { Finding } from '../finding.ts';
import type { Analyze, Reindex, Vacuum } from '../step.ts';
import type { Subject } from '../subject.ts';
import { closingOf } from './closed.ts';
import { leavesOf } from './leaf.ts';
import { compareWork, type LeafWork, leafWork } from './leaf-work.ts';
import { planParentAnalyze } from './parent-analyze.ts';
import { compareRebuilds, planReindex } from './reindex.ts';
import { neverAnalysedFindings, privilegeFindings, wraparoundFindings } from './row-findings.ts';

export interface MaintenancePlan {
  readonly steps: readonly (Vacuum | Analyze | Reindex)[];
  readonly findings: readonly Finding[];
}

/**
 * Plans the task `maintenance` of one table: what has grown too old first, then dead rows, statistics, those of the partitioned table itself at
 * their end, for queries are planned by them; then partitions that have closed, and indexes. At most one VACUUM or ANALYZE for each leaf, and it comes before a REINDEX there. Without `maintenance` in
 * the policy there are only findings. `leaving`: oids of partitions that this plan detaches or drops. Pure, throws nothing.
 */
export function planMaintenance(subject: Subject, facts: UpkeepFacts, leaving: ReadonlySet<string>): MaintenancePlan {
  const { maintenance } = subject.policy;
  const leaves = leavesOf(subject, facts, leaving);
  const indexes = planReindex(subject, facts, leaves);
  const closing = maintenance === null ? null : closingOf(subject, maintenance);
  const due = closing === null ? [] : leaves.flatMap((leaf) => leafWork(subject, closing, facts, leaf) ?? []);
  const works = due.filter(({ leaf }) => leaf.mayMaintain).toSorted(compareWork);
  const lacking = due.map(({ leaf }) => leaf).filter(({ mayMaintain }) => !mayMaintain);
  const parent = maintenance === null ? null : planParentAnalyze(subject, maintenance, facts);
  return {
    steps: [
      ...works.filter((work) => !isOfClosed(work)).map(({ step }) => step),
      ...(parent === null ? [] : [parent]),
      ...works.filter(isOfClosed).map(({ step }) => step),
      ...indexes.rebuilds.toSorted(compareRebuilds).map(({ step }) => step),
    ],
    findings: [
      ...privilegeFindings(subject, facts, lacking),
      ...wraparoundFindings(subject, facts, leaves),
      ...neverAnalysedFindings(subject, leaves),
      ...indexes.findings,
    ],
  };
}

function isOfClosed({ urgency }: LeafWork): boolean {
  return urgency === 'closed';
}
