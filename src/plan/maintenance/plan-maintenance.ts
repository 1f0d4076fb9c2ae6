import type { UpkeepFacts } from '../../partition/upkeep.ts';
import type { Finding } from '../finding.ts';
import type { Analyze, Reindex, Vacuum } from '../step.ts';
import type { Subject } from '../subject.ts';

export interface MaintenancePlan {
  readonly steps: readonly (Vacuum | Analyze | Reindex)[];
  readonly findings: readonly Finding[];
}

export function planMaintenance(_subject: Subject, _facts: UpkeepFacts, _leaving: ReadonlySet<string>): MaintenancePlan {
  return { steps: [], findings: [] };
}
