import type { QualifiedName } from '../partition/qualified-name.ts';

/** Something wrong that is not ours to repair silently. `check` prints them; data, never exceptions. */
export interface Finding {
  readonly kind: FindingKind;
  /** error: the table's work cannot be done or a removal was refused (`apply` exits 4); warning: somebody should look. */
  readonly severity: 'warning' | 'error';
  /** One sentence or two: what is, and what to do. */
  readonly message: string;
  readonly partition: QualifiedName | null;
}

export const findingKinds = [
  'gap', 'overlap', 'rows-in-default', 'far-future-rows', 'name-taken', 'foreign-partition', 'not-partitioned', 'unsupported-key',
  'missing-privilege', 'clock-skew', 'removal-budget', 'referenced', 'on-hold', 'invalid-index', 'drifted-partition', 'detach-pending',
  'last-partition',
] as const;

export type FindingKind = (typeof findingKinds)[number];
