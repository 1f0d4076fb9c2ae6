import { createGrid, dataHorizon } from '../../../partition/grid.ts';
import type { KeyCodec } from '../../../partition/key.ts';
import type { MigrationPhase } from '../../../partition/migration/spec.ts';
import type { PartitionedTable } from '../../../partition/partition.ts';
import { type Edge, type EpochMicros, isPosition, type Position } from '../../../partition/position.ts';
import type { Engine } from '../../engine.ts';
import { readGreatestBefore, readKeyRange } from './key-range.ts';

/** Where rows are, or will be, that the target needs partitions for. */
export interface Located {
  /** Of the policy: an instant for a time key, a key value for an integer one; null when nothing says it. */
  readonly startFrom: bigint | null;
  /** The greatest of them within the horizon. */
  readonly newest: Position | null;
  readonly needed: readonly Position[];
  /** Those beyond the horizon, for people. */
  readonly outliers: readonly string[];
}

const beginning: ReadonlySet<MigrationPhase> = new Set(['planned', 'prepare']);

/**
 * While the target is prepared the source's smallest and greatest key count too; later on rows that need a partition are named in `needed`, and
 * nobody scans the source for them. The horizon is that of provisioning: 2 x premake intervals ahead of now. Integer keys have no clock, so
 * all of them are believed.
 */
export async function locateKeys(
  engine: Engine,
  table: PartitionedTable,
  needed: readonly string[],
  now: EpochMicros,
  signal: AbortSignal,
): Promise<Located> {
  const { codec } = table;
  const horizon = horizonOf(engine, codec, now);
  const isPast = (edge: Edge): edge is Position => isPosition(edge) && edge >= codec.min && edge <= codec.max && edge <= horizon;
  const range = beginning.has(engine.record.phase) ? await readKeyRange(engine.session, engine.spec, signal) : { min: null, max: null };
  const edges = [range.min, range.max, ...needed].flatMap((text) => (text === null ? [] : [codec.parse(text)]));
  const believed = edges.filter(isPast);
  const outliers = [...new Set(edges.filter((edge) => !isPast(edge)).map((edge) => codec.display(edge)))];
  if (range.max !== null && !isPast(codec.parse(range.max))) {
    const last = await readGreatestBefore(engine.session, engine.spec, codec.format(horizon), signal);
    const edge = last === null ? null : codec.parse(last);
    if (edge !== null && isPast(edge)) believed.push(edge);
  }
  const first = range.min === null ? null : codec.parse(range.min);
  const newest = [...believed, table.newest.position].reduce(later, null);
  return { startFrom: first === null || !isPast(first) ? null : startOf(first, codec), newest, needed: believed, outliers };
}

function horizonOf({ policy }: Engine, codec: KeyCodec, now: EpochMicros): Position {
  const grid = createGrid(policy.interval, codec);
  if ('problem' in grid || codec.axis === 'integer') return codec.max;
  return dataHorizon(grid, codec.positionOf(now), policy.premake);
}

/** The inverse of what a plan makes of `startFrom`, rounded down. */
function startOf(position: Position, codec: KeyCodec): bigint {
  if (codec.axis === 'time') return codec.instantOf(position);
  const one = BigInt(codec.parse('1'));
  const quotient = position / one;
  return position < 0n && quotient * one !== position ? quotient - 1n : quotient;
}

function later(a: Position | null, b: Position | null): Position | null {
  return a === null || (b !== null && b > a) ? b : a;
}
