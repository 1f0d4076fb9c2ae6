import type { Circumstances } from '../../../partition/migration/circumstances.ts';
import type { CopyPolicy, Strategy } from '../../../partition/migration/policy.ts';

/** What a migration takes, roughly: right to a factor of two where it matters, and to be measured by a trial where it matters more. */
export interface MigrationEstimate {
  readonly diskBytes: number;
  readonly walBytes: number;
  /** Null: never analysed. */
  readonly seconds: number | null;
}

/**
 * Measured on two cores with rows of 135 bytes (design of migrations, Throughput): one worker copies 500,000 rows a second, two 720,000 to
 * 850,000; more have not helped there, and are not promised anything.
 */
const rowsPerSecond = { one: 500_000, more: 750_000 };
/** The same in bytes of heap, with a tuple's header: what wide rows are bound by. */
const bytesPerSecond = { one: 80_000_000, more: 120_000_000 };
/** Sorting and writing an index, of what it holds in the end; the order of what was seen on the same machine. */
const indexBytesPerSecond = 60_000_000;
/** Of hashing rows, by one connection; both sides are read. */
const verifiedPerSecond = 1_200_000;

/**
 * - Disk: the target becomes what the source is, indexes and TOAST with it (less without bloat); a tenth more for the log and the files of sorts.
 * - WAL: each row once as it is copied, and its page once more when it is frozen after a checkpoint; indexes page by page as they are built.
 * - Time: copy with its pauses, index builds, one pass of verification. Windows and brakes come on top.
 *
 * With `attach` no row moves; the table is read once to validate its CHECK.
 */
export function estimateMigration(circumstances: Circumstances, copy: CopyPolicy, strategy: Strategy): MigrationEstimate {
  const { heapBytes, totalBytes, estimatedRows } = circumstances;
  const rate = copy.workers > 1 ? 'more' : 'one';
  if (strategy === 'attach') return { diskBytes: 0, walBytes: 0, seconds: Math.ceil(heapBytes / bytesPerSecond.one) };
  const indexBytes = Math.max(0, totalBytes - heapBytes);
  return {
    diskBytes: Math.ceil(totalBytes * 1.1),
    walBytes: 2 * heapBytes + indexBytes,
    seconds:
      estimatedRows === null
        ? null
        : Math.ceil(
            Math.max(estimatedRows / rowsPerSecond[rate], heapBytes / bytesPerSecond[rate]) * (1 + copy.pace) +
              indexBytes / indexBytesPerSecond +
              estimatedRows / verifiedPerSecond,
          ),
  };
}
