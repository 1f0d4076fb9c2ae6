import type { PartitionStatus, TableStatus } from '../../../reconcile/status.ts';
import { type Axis, type Place, placeOf } from './place.ts';

/** What a bar is; from the most to the least that a reader must not overlook. */
export const barKinds = ['unreadable', 'gap', 'detach-pending', 'current', 'foreign', 'default', 'detached', 'future', 'past'] as const;
export type BarKind = (typeof barKinds)[number];

/** One partition or gap, or neighbours joined into one. */
export interface Bar {
  /** Of joined ones that differ, the first in `barKinds`. */
  readonly kind: BarKind;
  /** Null: to the margin. */
  readonly from: Place | null;
  readonly to: Place | null;
  /** As bounds are written; null where there is none. */
  readonly fromText: string | null;
  readonly toText: string | null;
  /** Of the only partition; null for gaps and joined ones. */
  readonly name: string | null;
  readonly partitions: number;
  readonly gaps: number;
  /** -1 when no partition of it is analysed. */
  readonly rows: number;
  readonly bytes: number;
}

/** The partitions of a table by where they are drawn. */
export interface Lanes {
  /** Ranges and gaps, by their lower ends. */
  readonly ranges: readonly Bar[];
  readonly defaults: readonly Bar[];
  /** By their lower ends, as far as they are known. */
  readonly detached: readonly Bar[];
  readonly unreadable: readonly Bar[];
}

/**
 * Pure, throws nothing. Past and future are told by the order of bounds, in which the status has the partitions, and by its count: integer
 * keys have no clock.
 */
export function lanesOf(table: Pick<TableStatus, 'partitions' | 'gaps' | 'futureCount'>, axis: Axis): Lanes {
  const placed = placeReader(axis);
  const attached = table.partitions.filter(({ state }) => state === 'attached' || state === 'foreign');
  const future = new Set(attached.slice(attached.length - table.futureCount));
  const lane = (...states: readonly PartitionStatus['state'][]): Bar[] =>
    table.partitions.filter(({ state }) => states.includes(state)).map((one) => barOf(one, kindOf(one, future), placed));
  const gaps = table.gaps.map(({ from, to }): Bar => ({ ...gap, from: placed(from), to: placed(to), fromText: from, toText: to }));
  return {
    ranges: sortByStart([...lane('attached', 'foreign', 'detach-pending'), ...gaps]),
    defaults: lane('default'),
    detached: sortByStart(lane('detached')),
    unreadable: lane('unreadable'),
  };
}

const gap = { kind: 'gap', name: null, partitions: 0, gaps: 1, rows: 0, bytes: 0 } as const;

/** `placeOf`, once for the end of one partition and the start of the next. */
function placeReader(axis: Axis): (text: string | null) => Place | null {
  let last: { readonly text: string; readonly place: Place | null } = { text: '', place: null };
  return (text) => {
    if (text === null) return null;
    if (text !== last.text) last = { text, place: placeOf(text, axis) };
    return last.place;
  };
}

function kindOf(partition: PartitionStatus, future: ReadonlySet<PartitionStatus>): BarKind {
  const { state, isCurrent } = partition;
  if (state !== 'attached' && state !== 'foreign') return state;
  if (isCurrent) return 'current';
  if (state === 'foreign') return state;
  return future.has(partition) ? 'future' : 'past';
}

function barOf(partition: PartitionStatus, kind: BarKind, placed: (text: string | null) => Place | null): Bar {
  const { partition: name, from, to, estimatedRows: rows, estimatedBytes: bytes } = partition;
  return { kind, from: placed(from), to: placed(to), fromText: from, toText: to, name, partitions: 1, gaps: 0, rows, bytes };
}

/** Bars without a lower end come first. */
function sortByStart(bars: readonly Bar[]): Bar[] {
  return bars.toSorted((a, b) => {
    if (a.from === null || b.from === null) return Number(a.from !== null) - Number(b.from !== null);
    return a.from < b.from ? -1 : a.from > b.from ? 1 : 0;
  });
}
