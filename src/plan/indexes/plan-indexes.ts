import type { UpkeepFacts } from '../../partition/upkeep.ts';
import type { Finding } from '../finding.ts';
import type { AttachIndex, CreateIndex, DropIndex, Reindex } from '../step.ts';
import type { Subject } from '../subject.ts';

export interface IndexPlan {
  readonly steps: readonly (CreateIndex | AttachIndex | DropIndex | Reindex)[];
  readonly findings: readonly Finding[];
}

export function planIndexes(_subject: Subject, _facts: UpkeepFacts, _leaving: ReadonlySet<string>): IndexPlan {
  return { steps: [], findings: [] };
}
