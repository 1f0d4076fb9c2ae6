import { createHash } from 'node:crypto';

/** Part of the gap between two firings over which the databases are spread, and the most of it. */
const share = 0.1;
const mostMs = 30_000;

/**
 * How long after its firing a task of a database begins, in milliseconds, so that fifty databases with the same schedule do not begin
 * together. The same every time and in every process, hence the gaps between runs stay as even as the schedule is.
 */
export function firingOffsetMs(database: string, task: string, gapMs: number): number {
  const digest = createHash('sha256')
    .update(JSON.stringify([database, task]))
    .digest();
  return (digest.readUInt32BE() / 2 ** 32) * Math.min(share * gapMs, mostMs);
}
