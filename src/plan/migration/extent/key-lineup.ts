import { createKeyCodec } from '../../../partition/codec.ts';
import { advance, createGrid, dataHorizon, type Grid, keyDistance } from '../../../partition/grid.ts';
import type { KeyCodec } from '../../../partition/key.ts';
import type { Circumstances } from '../../../partition/migration/circumstances.ts';
import type { TablePolicy } from '../../../partition/policy.ts';
import { type EpochMicros, isPosition, MAXVALUE, MINVALUE, type Position } from '../../../partition/position.ts';
import { believableBacklog } from '../../provision.ts';
import { isUnbounded } from '../../unbounded.ts';
import type { MigrationCase } from '../migration-case.ts';
import { keyColumn } from './key-column.ts';

/** The partitions that a target begins with: from the first row through the present and `premake` further. */
export interface KeyLineup {
  readonly codec: KeyCodec;
  readonly grid: Grid;
  readonly from: Position;
  /** Bound of the last one. */
  readonly to: Position;
  /** Null: more than is believable. */
  readonly count: number | null;
  /** Where the table's present is: now, or its newest believable row when that is later. */
  readonly anchor: Position;
  /** The greatest key when it lies too far ahead to be believed, and so gets no partition; as people read it. */
  readonly outlier: string | null;
  /** An end of the keys that no partition can hold: `infinity`, `-infinity`. */
  readonly endless: readonly string[];
}

/** A sentence without subject: why the column cannot be cut into intervals. */
export interface KeyMisfit {
  readonly problem: string;
}

/** What a lineup is made of; the least and the greatest key as texts. */
export type LineupCase = Pick<MigrationCase, 'definition' | 'partitionKey'> & {
  readonly policy: TablePolicy;
  readonly circumstances: Pick<Circumstances, 'minKey' | 'maxKey'>;
};

/** Null when the table has no such column. Pure, throws nothing. */
export function keyLineup({ policy, definition, circumstances, partitionKey }: LineupCase, now: EpochMicros): KeyLineup | KeyMisfit | null {
  const column = definition.columns.find(({ name }) => name === partitionKey);
  if (column === undefined) return null;
  const codec = createKeyCodec(keyColumn(column), policy.encoding, policy.timezone);
  if ('problem' in codec) return codec;
  const grid = createGrid(policy.interval, codec);
  if ('problem' in grid) return grid;
  const keys = readKeys(codec, [circumstances.minKey, circumstances.maxKey]);
  if ('problem' in keys) return keys;
  const extent = extentOf(policy, codec, grid, keys.finite, now);
  return { codec, grid, ...count(grid, extent.begin, extent.anchor, policy.premake), ...extent, endless: keys.endless };
}

interface Extent {
  readonly begin: Position;
  readonly anchor: Position;
  readonly outlier: string | null;
}

function extentOf(policy: TablePolicy, codec: KeyCodec, grid: Grid, keys: readonly Position[], now: EpochMicros): Extent {
  const startFrom = startOf(policy.startFrom, codec);
  const greatest = keys.at(-1) ?? null;
  const present = codec.axis === 'time' ? codec.positionOf(now) : (greatest ?? startFrom ?? 0n);
  const newest = greatest ?? present;
  // Integers have no clock to be ahead of: their newest row is the present.
  const isOutlier = codec.axis === 'time' && newest > dataHorizon(grid, present, policy.premake);
  const anchor = isOutlier || newest < present ? present : newest;
  // Rows say where it begins, whatever was meant for an empty table.
  return { begin: earlier(anchor, keys[0] ?? startFrom), anchor, outlier: isOutlier ? codec.display(newest) : null };
}

function earlier(a: Position, b: Position | null): Position {
  return b !== null && b < a ? b : a;
}

function startOf(startFrom: bigint | null, codec: KeyCodec): Position | null {
  if (startFrom === null) return null;
  return codec.axis === 'time' ? codec.positionOf(startFrom) : keyDistance(startFrom, codec);
}

interface Keys {
  /** The least and the greatest; none of an empty table. */
  readonly finite: readonly Position[];
  readonly endless: readonly string[];
}

function readKeys(codec: KeyCodec, texts: readonly (string | null)[]): Keys | KeyMisfit {
  const [finite, endless]: [Position[], string[]] = [[], []];
  for (const text of texts) {
    if (text === null) continue;
    try {
      const edge = codec.parse(text);
      if (isPosition(edge) && !isUnbounded(edge, codec)) finite.push(edge);
      else endless.push(text);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      return { problem: `it holds a value that is none of such a key: ${error.message}` };
    }
  }
  return { finite, endless };
}

function count(grid: Grid, begin: Position, anchor: Position, premake: number): Pick<KeyLineup, 'from' | 'to' | 'count'> {
  try {
    const from = grid.floor(begin);
    let to = grid.next(from);
    let partitions = 1;
    for (; to <= anchor && partitions <= believableBacklog; partitions += 1) to = grid.next(to);
    if (partitions <= believableBacklog) return { from, to: advance(grid, to, premake), count: partitions + premake };
  } catch (error) {
    // A number of many digits, read as a time, may lie where calendars end.
    if (!(error instanceof RangeError)) throw error;
  }
  return { from: begin, to: anchor, count: null };
}

/** With the strategy attach, where the old table ends and new partitions begin: two intervals after the newest row or now. */
export function firstNewBound({ grid, anchor }: Pick<KeyLineup, 'grid' | 'anchor'>): Position {
  return advance(grid, grid.next(anchor), 1);
}

/** A bound as people read it; the type of the key may end before the last one. */
export function shownBound({ codec }: Pick<KeyLineup, 'codec'>, position: Position): string {
  return codec.display(position > codec.max ? MAXVALUE : position < codec.min ? MINVALUE : position);
}
