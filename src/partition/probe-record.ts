import type { EpochMicros } from './position.ts';
import type { QualifiedName } from './qualified-name.ts';

/** What is kept of the last run of a probe. */
export interface ProbeRecord {
  readonly table: QualifiedName;
  readonly probe: string;
  /** Clock of the database. */
  readonly ranAt: EpochMicros;
  /** missed: it ran, and cost more than it may. failed: it could not be planned or run. */
  readonly outcome: 'met' | 'missed' | 'failed';
  /** Partitions of the table left after pruning, of how many; null when it failed. */
  readonly scanned: number | null;
  readonly total: number | null;
  readonly allowed: number | null;
  /** Null: not measured. */
  readonly planningMs: number | null;
  readonly executionMs: number | null;
  /** One sentence each: what was missed and what helps, or why it failed. */
  readonly problems: readonly string[];
  /** Of the last run that was not met, also when later ones were; `report` is what `partitiond probe` prints of it. */
  readonly lastMiss: { readonly at: EpochMicros; readonly report: string } | null;
}
