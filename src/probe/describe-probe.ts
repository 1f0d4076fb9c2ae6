import type { ProbeResult } from './run-probes.ts';

/** What `partitiond probe` prints of a result, and what the journal keeps of one that was not met: lines, without colours. */
export function describeProbe(_result: ProbeResult): readonly string[] {
  throw new Error('not yet');
}
