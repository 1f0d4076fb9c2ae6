import { readRelationSizes } from '../catalog/read-relation-sizes.ts';
import { isRangePartition, type RangePartition } from '../partition/partition.ts';
import { contains, type EpochMicros, type Position, type Range } from '../partition/position.ts';
import type { Session } from '../postgres/session.ts';
import type { ProbedState } from './read-probed-tables.ts';

export type PartitionedState = Extract<ProbedState, { readonly kind: 'partitioned' }>;

/**
 * The range that each table is worked on in right now, aligned: that of the partition which holds now, else of the newest one before it, else
 * of the oldest; of an integer key that of the highest partition with rows, else of the lowest. A table without ranges has the interval that
 * its policy would cut at now. `now`: the database's clock. One query for all integer keys, none for the others; takes no lock.
 */
export async function currentRanges(
  session: Session,
  states: readonly PartitionedState[],
  now: EpochMicros,
  signal: AbortSignal,
): Promise<readonly Range[]> {
  const integers = states.filter(({ parent }) => parent.codec.axis === 'integer');
  const filled = await filledPartitions(session, integers, signal);
  return states.map((state) => {
    const ranges = rangesOf(state);
    if (state.parent.codec.axis === 'integer') {
      const highest = ranges.findLast(({ oid }) => filled.has(oid)) ?? ranges[0];
      return highest?.bound ?? intervalAt(state, state.policy.startFrom ?? 0n);
    }
    const position = state.parent.codec.positionOf(now);
    return rangeAt(ranges, position) ?? intervalAt(state, position);
  });
}

/** Of ranges in their order: the one that holds the position, else the last one that begins before it, else the first. Pure. */
export function rangeAt(ranges: readonly RangePartition[], position: Position): Range | null {
  const holder = ranges.find(({ bound }) => contains(bound, position));
  return (holder ?? ranges.findLast(({ bound }) => bound.from <= position) ?? ranges[0])?.bound ?? null;
}

function rangesOf({ partitions }: PartitionedState): readonly RangePartition[] {
  return partitions.filter(isRangePartition).filter(({ isDetachPending }) => !isDetachPending);
}

function intervalAt({ parent: { grid } }: PartitionedState, position: Position): Range {
  const at = position < grid.min ? grid.min : position > grid.max ? grid.max : position;
  return { from: grid.floor(at), to: grid.next(at) };
}

/** Most tables have rows near their top; 64 partitions each are measured at once, then all of those where none had any. */
const firstSlice = 64;

async function filledPartitions(session: Session, states: readonly PartitionedState[], signal: AbortSignal): Promise<ReadonlySet<string>> {
  const filled = new Set<string>();
  const measure = async (slices: readonly { readonly key: string; readonly oids: readonly string[] }[]): Promise<void> => {
    const oids = slices.flatMap((slice) => slice.oids);
    const keys = slices.flatMap((slice) => slice.oids.map(() => slice.key));
    for (const [oid, { bytes }] of await readRelationSizes(session, oids, keys, signal)) if (bytes !== null && bytes > 0) filled.add(oid);
  };
  const all = states.map((state) => ({ key: state.parent.key.name, oids: rangesOf(state).map(({ oid }) => oid) }));
  await measure(all.map(({ key, oids }) => ({ key, oids: oids.slice(-firstSlice) })));
  const empty = all.filter(({ oids }) => oids.length > firstSlice && !oids.some((oid) => filled.has(oid)));
  await measure(empty.map(({ key, oids }) => ({ key, oids: oids.slice(0, -firstSlice) })));
  return filled;
}
