/** What a batch's size is made of. */
export interface BatchSize {
  readonly blocks: number;
  /** Smoothed; null before the first batch. */
  readonly blocksPerMs: number | null;
}

/** Half a megabyte: nobody knows yet how wide the rows are and how slow the disk is. */
export const firstBatch: BatchSize = { blocks: 64, blocksPerMs: null };

const [smallest, largest] = [8, 131_072];
/** The share of the newest batch in the rate. */
const weight = 0.4;
/** A size grows and shrinks by no more than this at once. */
const [fastestGrowth, fastestShrink] = [3, 0.25];

/**
 * The size of the next batch, such that it takes `targetMs`: damped, as one batch that met a checkpoint says little of the next. Between 8 blocks and
 * 1 GiB of them. A shorter batch than was asked for (the end of an open range) tells the rate like any other. Pure.
 */
export function nextBatchSize(size: BatchSize, copied: { readonly blocks: number; readonly ms: number }, targetMs: number): BatchSize {
  const rate = copied.blocks / Math.max(copied.ms, 0.1);
  const blocksPerMs = size.blocksPerMs === null ? rate : size.blocksPerMs * (1 - weight) + rate * weight;
  const wanted = Math.round(blocksPerMs * targetMs);
  const damped = Math.min(Math.max(wanted, Math.floor(size.blocks * fastestShrink)), size.blocks * fastestGrowth);
  return { blocks: Math.min(Math.max(damped, smallest), largest), blocksPerMs };
}
