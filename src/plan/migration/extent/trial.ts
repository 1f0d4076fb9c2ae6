import type { Circumstances } from '../../../partition/migration/circumstances.ts';
import type { MigrationPlan } from '../migration-plan.ts';

/** What a trial has measured: a whole migration up to `ready`, of some rows, in a schema of its own. */
export interface TrialMeasurements {
  /** Copied, which may be fewer than were asked for. */
  readonly rows: number;
  readonly asked: number;
  /** That were made. */
  readonly partitions: number;
  /** Over which the rows were spread. */
  readonly filled: number;
  /** From the first batch to the last, with checks and pauses. */
  readonly copyMs: number;
  /** Building indexes, VACUUM and ANALYZE. */
  readonly indexMs: number;
  /** One whole pass. */
  readonly verifyMs: number;
  /** What the target has grown by, indexes and TOAST included. */
  readonly bytes: number;
}

/** The same by the second and by the row, for comparison and for the whole table. Null where no row was copied. */
export interface TrialRates {
  readonly copiedPerSecond: number;
  readonly indexedPerSecond: number;
  readonly verifiedPerSecond: number;
  readonly bytesPerRow: number;
}

/** Rows of the whole table at those rates, in seconds; null when the table was never analysed, and of too few rows. */
export interface TrialEstimate {
  readonly rows: number;
  readonly copySeconds: number;
  readonly indexSeconds: number;
  readonly verifySeconds: number;
}

/** A plan whose disk and time are what the trial makes of them. */
export interface TriedPlan extends MigrationPlan {
  readonly trial: TrialMeasurements & { readonly rates: TrialRates | null; readonly estimate: TrialEstimate | null };
}

/** The same tenth for the log and the files of sorts as a plan without a trial has. */
const diskShare = 1.1;

/** Of fewer rows mostly what is spent once, and on each partition, was measured. */
const leastRows = 10_000;
const leastInPartition = 1_000;

/** How many rows it takes to speak for all of a table. */
export function rowsToSpeakForAll({ filled }: Pick<TrialMeasurements, 'filled'>): number {
  return Math.max(leastRows, filled * leastInPartition);
}

/**
 * The plan by the measurements of a trial; steps, hash and WAL, which cannot be told from that of others, stay. What is spent once for each
 * partition counts as if it were spent for each row, so that a trial of too few rows leaves the plan's own estimates, and a trial of few rows promises too little speed rather than too much.
 */
export function applyTrial(
  plan: MigrationPlan,
  measured: TrialMeasurements,
  { estimatedRows }: Pick<Circumstances, 'estimatedRows'>,
): TriedPlan {
  const { rows, copyMs, indexMs, verifyMs, bytes } = measured;
  if (rows === 0) return { ...plan, trial: { ...measured, rates: null, estimate: null } };
  const perSecond = (ms: number): number => Math.round((rows * 1000) / Math.max(1, ms));
  const rates: TrialRates = {
    copiedPerSecond: perSecond(copyMs),
    indexedPerSecond: perSecond(indexMs),
    verifiedPerSecond: perSecond(verifyMs),
    bytesPerRow: Math.round(bytes / rows),
  };
  if (estimatedRows === null) return { ...plan, trial: { ...measured, rates, estimate: null } };
  // The sample is a part of the table, whatever its statistics say.
  const all = Math.max(rows, estimatedRows);
  if (rows < all && rows < rowsToSpeakForAll(measured)) return { ...plan, trial: { ...measured, rates, estimate: null } };
  const seconds = (ms: number): number => Math.ceil((ms * all) / rows / 1000);
  const estimate: TrialEstimate = {
    rows: all,
    copySeconds: seconds(copyMs),
    indexSeconds: seconds(indexMs),
    verifySeconds: seconds(verifyMs),
  };
  return {
    ...plan,
    diskBytes: Math.ceil((bytes / rows) * all * diskShare),
    estimatedSeconds: seconds(copyMs + indexMs + verifyMs),
    trial: { ...measured, rates, estimate },
  };
}
