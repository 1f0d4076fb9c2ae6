import type { Range } from '../partition/position.ts';
import type { QualifiedName } from '../partition/qualified-name.ts';
import type { Finding } from './finding.ts';
import type { Step } from './step.ts';

/** The decision for one table: what to do, in order, and what is wrong. Ahead comes first, removal comes last. */
export interface Plan {
  readonly table: QualifiedName;
  readonly steps: readonly Step[];
  readonly findings: readonly Finding[];
  /** Steps that a guard stopped (removal budget, clock guard); `apply` reports them as `refused`. */
  readonly refused: readonly Step[];
}

/** What must be known before the plan is final; all empty and false when the snapshot already decides everything. */
export interface Questions {
  /** Does the default partition hold rows in these ranges? Asked only where its min..max intersects. */
  readonly defaultRanges: readonly Range[];
  /** Do foreign keys still reference rows of these partitions (oids)? Asked only when `referencedBy` is not empty. */
  readonly referencedOids: readonly string[];
  /** Are these names free? */
  readonly names: readonly QualifiedName[];
  readonly needsTemplate: boolean;
}
