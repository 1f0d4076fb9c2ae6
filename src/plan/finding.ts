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
  'gap',
  'overlap',
  'rows-in-default',
  'far-future-rows',
  'name-taken',
  'foreign-partition',
  'not-partitioned',
  'unsupported-key',
  'missing-privilege',
  'clock-skew',
  'removal-budget',
  'referenced',
  'on-hold',
  'invalid-index',
  'bloated-index',
  'never-analysed',
  'near-wraparound',
  'drifted-partition',
  'detach-pending',
  'last-partition',
  'migration-paused',
  'migration-mismatch',
] as const;

export type FindingKind = (typeof findingKinds)[number];

/** A finding that somebody should look at. */
export function warning(kind: FindingKind, message: string, partition: QualifiedName | null = null): Finding {
  return { kind, severity: 'warning', message, partition };
}

/** A finding that keeps the table's work from being done, or a removal that was refused. */
export function failure(kind: FindingKind, message: string, partition: QualifiedName | null = null): Finding {
  return { kind, severity: 'error', message, partition };
}
