import { readRelationSizes } from '../catalog/read-relation-sizes.ts';
import { isRangePartition, type Partition, type RangePartition } from '../partition/partition.ts';
import { contains, type EpochMicros, type Position, type Range } from '../partition/position.ts';
import type { Session } from '../postgres/session.ts';
import { type PartitionedState, readBounds } from './read-probed-tables.ts';

/**
 * The interval that the policy cuts at now (at `startFrom` or 0 for an integer key, which tells no time), on its grid; partitions need not lie on
 * it. `now`: the database's clock. Pure.
 */
export function currentInterval({ parent: { codec, grid }, policy }: PartitionedState, now: EpochMicros): Range {
  const position = codec.axis === 'time' ? codec.positionOf(now) : (policy.startFrom ?? 0n);
  const at = position < grid.min ? grid.min : position > grid.max ? grid.max : position;
  return { from: grid.floor(at), to: grid.next(at) };
}

/**
 * The ranges that tables are worked on in right now, by oid, from the real bounds: that of the partition which holds now, else of the
 * newest one before it, else of the oldest; of an integer key that of the highest partition with rows, else of the lowest. None of a table
 * without ranges. Two or three queries for all, no lock.
 */
export async function currentRanges(
  session: Session,
  states: readonly PartitionedState[],
  now: EpochMicros,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Range>> {
  const bounds = await readBounds(session, states, signal);
  const rangesOf = ({ parent }: PartitionedState): readonly RangePartition[] => (bounds.get(parent.oid) ?? []).filter(isRangePartition);
  const integers = states.filter(({ parent }) => parent.codec.axis === 'integer');
  const filled = await filledPartitions(
    session,
    integers.map((state) => ({ key: state.parent.key.name, ranges: rangesOf(state) })),
    signal,
  );
  const found = new Map<string, Range>();
  for (const state of states) {
    const ranges = rangesOf(state);
    const { codec, oid } = state.parent;
    const isTime = codec.axis === 'time';
    const range = isTime ? rangeAt(ranges, codec.positionOf(now)) : (ranges.findLast((one) => filled.has(one.oid)) ?? ranges[0])?.bound;
    if (range !== undefined && range !== null) found.set(oid, range);
  }
  return found;
}

/** Of ranges in their order: the one that holds the position, else the last one that begins before it, else the first. Pure. */
export function rangeAt(ranges: readonly RangePartition[], position: Position): Range | null {
  const holder = ranges.find(({ bound }) => contains(bound, position));
  return (holder ?? ranges.findLast(({ bound }) => bound.from <= position) ?? ranges[0])?.bound ?? null;
}

/** Most tables have rows near their top; 64 partitions each are measured at once, then all of those where none had any. */
const firstSlice = 64;

interface KeyRanges {
  readonly key: string;
  readonly ranges: readonly Partition[];
}

async function filledPartitions(session: Session, tables: readonly KeyRanges[], signal: AbortSignal): Promise<ReadonlySet<string>> {
  const filled = new Set<string>();
  const measure = async (slices: readonly KeyRanges[]): Promise<void> => {
    const oids = slices.flatMap(({ ranges }) => ranges.map(({ oid }) => oid));
    const keys = slices.flatMap(({ key, ranges }) => ranges.map(() => key));
    const sizes = await readRelationSizes(session, oids, keys, signal);
    for (const [oid, { bytes }] of sizes) if (bytes !== null && bytes > 0) filled.add(oid);
  };
  await measure(tables.map(({ key, ranges }) => ({ key, ranges: ranges.slice(-firstSlice) })));
  const empty = tables.filter(({ ranges }) => ranges.length > firstSlice && !ranges.some(({ oid }) => filled.has(oid)));
  await measure(empty.map(({ key, ranges }) => ({ key, ranges: ranges.slice(0, -firstSlice) })));
  return filled;
}
