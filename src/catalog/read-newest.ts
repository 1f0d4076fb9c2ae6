import { StatementError } from '../errors.ts';
import { dataHorizon } from '../partition/grid.ts';
import type { KeyCodec } from '../partition/key.ts';
import {
  type DefaultRows,
  isRangePartition,
  type MissingPrivilege,
  type NewestData,
  type Partition,
  type RangePartition,
} from '../partition/partition.ts';
import { contains, type EpochMicros, isPosition, type Position } from '../partition/position.ts';
import { formatQualifiedName, quoteIdentifier } from '../partition/qualified-name.ts';
import type { Session } from '../postgres/session.ts';
import { isLockFailure, sqlstates } from '../postgres/sqlstate.ts';
import type { Parent } from './describe-parent.ts';
import { countLimit, type DefaultKeys, readDefaultRows } from './read-default-rows.ts';
import { type GreatestKey, type GreatestKeyAsk, readGreatestKeys } from './read-greatest-keys.ts';
import { readRelationSizes } from './read-relation-sizes.ts';
import type { RelationSizeRow } from './relation-sizes.sql.ts';

/** What the rows say, as far as it can change a plan. */
export interface DataFacts {
  readonly newest: NewestData;
  readonly defaultRows: DefaultRows | null;
  /** Why something could not be read, for people. */
  readonly missing: readonly MissingPrivilege[];
}

/** One table while it is being looked at. */
interface Look {
  readonly parent: Parent;
  readonly defaultPartition: Partition | null;
  /** Partitions that may hold the newest row, highest first, and how many of them have been measured. */
  readonly candidates: readonly RangePartition[];
  measured: number;
  /** Of the measured ones, those with rows that may be read; highest first. */
  filled: RangePartition[];
  /** End of the clock's interval reach; for integer keys known once the newest attached row is. */
  horizon: Position | null;
  position: Position | null;
  beyond: Position | null;
  /** Of integer keys under retention: the key that waits for the rows below it, and what came of it; undefined: nothing yet. */
  doubted: Position | null;
  doubts: number;
  believable: Position | null | undefined;
  /** Some partition that may hold rows was locked or could not be read. */
  isBlind: boolean;
  /** The highest such partition. */
  unread: RangePartition | null;
  readonly missing: MissingPrivilege[];
}

type Sizes = ReadonlyMap<string, RelationSizeRow>;

/** Integer keys have rows near the top, below a few premade partitions; each further slice is four times as large. */
const firstSlice = 16;

/** A table whose rows lie so far apart all the way down is not understood, and nothing of it expires. */
const mostDoubts = 8;

/**
 * Looks for the newest rows and into the default partitions of `tables`, answers aligned. For time keys only partitions wholly ahead of the
 * clock and the default can change a plan, and those are empty on most days: one query measures them all, and only what is not empty is
 * read. Whatever is locked exclusively (or waits to be) is taken for empty, its default for unknown (`isExact` false, no keys).
 */
export async function readNewest(
  session: Session,
  tables: readonly { readonly parent: Parent; readonly partitions: readonly Partition[] }[],
  now: EpochMicros,
  signal: AbortSignal,
): Promise<readonly DataFacts[]> {
  const looks = tables.map(({ parent, partitions }) => lookAt(parent, partitions, now));
  const sizes = await measure(session, looks, true, signal);
  await readAhead(
    session,
    looks.filter(({ parent }) => parent.codec.axis === 'time'),
    signal,
  );
  await readTop(
    session,
    looks.filter(({ parent }) => parent.codec.axis === 'integer'),
    signal,
  );
  const facts: DataFacts[] = [];
  for (const look of looks) facts.push(await readDefault(session, look, sizes, signal));
  return facts;
}

function lookAt(parent: Parent, partitions: readonly Partition[], now: EpochMicros): Look {
  const { codec, grid, policy } = parent;
  const isTime = codec.axis === 'time';
  const clock = isTime ? codec.positionOf(now) : 0n;
  const candidates: RangePartition[] = [];
  let defaultPartition: Partition | null = null;
  for (const partition of partitions) {
    if (partition.isDetachPending || partition.kind === 'foreign') continue;
    if (partition.bound.kind === 'default') defaultPartition = partition;
    if (isRangePartition(partition) && (!isTime || partition.bound.from > clock)) candidates.push(partition);
  }
  const horizon = isTime ? dataHorizon(grid, clock, policy.premake) : null;
  return {
    parent,
    defaultPartition,
    candidates: candidates.toReversed(),
    measured: 0,
    filled: [],
    horizon,
    position: null,
    beyond: null,
    doubted: null,
    doubts: 0,
    believable: undefined,
    isBlind: false,
    unread: null,
    missing: [],
  };
}

/** Measures the next slice of each look (all candidates of time keys) and, the first time, the defaults. */
async function measure(session: Session, looks: readonly Look[], withDefaults: boolean, signal: AbortSignal): Promise<Sizes> {
  const oids: string[] = [];
  const keys: string[] = [];
  const slices = looks.map((look) => {
    const isTime = look.parent.codec.axis === 'time';
    const count = isTime ? look.candidates.length : Math.max(firstSlice, look.measured * 3);
    const slice = look.candidates.slice(look.measured, look.measured + count);
    const asked = withDefaults && look.defaultPartition !== null ? [...slice, look.defaultPartition] : slice;
    for (const { oid } of asked) {
      oids.push(oid);
      keys.push(look.parent.key.name);
    }
    return slice;
  });
  const sizes = await readRelationSizes(session, oids, keys, signal);
  for (const [i, look] of looks.entries()) {
    const slice = slices[i] ?? [];
    look.measured += slice.length;
    const filled = slice.filter(({ oid }) => (sizes.get(oid)?.bytes ?? 0) > 0);
    const unread = slice.find(({ oid }) => {
      const size = sizes.get(oid);
      return size === undefined || size.bytes === null || (size.bytes > 0 && !size.canSelect);
    });
    look.isBlind ||= unread !== undefined;
    look.unread ??= unread ?? null;
    look.filled = filled.filter(({ oid }) => sizes.get(oid)?.canSelect === true);
    const [hidden] = filled.filter(({ oid }) => sizes.get(oid)?.canSelect === false);
    if (hidden === undefined) continue;
    look.missing.push(mayNotRead(hidden, look.parent));
  }
  return sizes;
}

async function readAhead(session: Session, looks: readonly Look[], signal: AbortSignal): Promise<void> {
  const asks: GreatestKeyAsk[] = looks.flatMap(({ parent: { key, codec }, filled, horizon }) => {
    const at = horizon ?? 0n;
    const value = codec.format(at);
    return [
      { key, partitions: filled.filter(({ bound }) => bound.from <= at), bound: { side: 'up-to', value } as const },
      { key, partitions: filled.filter(({ bound }) => bound.to > at + 1n), bound: { side: 'beyond', value } as const },
    ];
  });
  const found = await readGreatestKeys(session, asks, signal);
  for (const [i, look] of looks.entries()) {
    look.position = take(look, found[2 * i]);
    look.beyond = take(look, found[2 * i + 1]);
  }
}

/**
 * Slice by slice from the top until a row is found, and under retention one that the rows below it bear out: a single mistaken id in a wide
 * partition or one TO (MAXVALUE) would otherwise expire the whole table.
 */
async function readTop(session: Session, looks: readonly Look[], signal: AbortSignal): Promise<void> {
  for (let open = looks; open.length > 0; ) {
    const asks = open.map(({ parent: { key }, filled }): GreatestKeyAsk => ({ key, partitions: filled, bound: null }));
    const found = await readGreatestKeys(session, asks, signal);
    for (const [i, look] of open.entries()) judgeTop(look, found[i]);
    open = open.filter(isOpen);
    const dry = open.filter(({ filled }) => filled.length === 0);
    if (dry.length > 0) await measure(session, dry, false, signal);
  }
  for (const look of looks) {
    const base = look.position ?? startOf(look);
    look.horizon = base === null ? null : dataHorizon(look.parent.grid, base, look.parent.policy.premake);
    // Nothing lies below the lowest rows, so these are what is measured from; unless there may be some that were not seen.
    if (look.believable === undefined) look.believable = look.isBlind || look.doubts > mostDoubts ? null : look.doubted;
  }
}

function isOpen({ position, believable, doubts, filled, measured, candidates, parent: { policy } }: Look): boolean {
  const isDecided = position !== null && (policy.retention === null || believable !== undefined || doubts > mostDoubts);
  return !isDecided && (filled.length > 0 || measured < candidates.length);
}

/** Takes the greatest key of what is `filled` and leaves there what lies below it. */
function judgeTop(look: Look, found: GreatestKey | undefined): void {
  const key = take(look, found);
  const at = key === null ? -1 : look.filled.findIndex(({ bound }) => contains(bound, key));
  const holder = look.filled[at];
  const below = holder === undefined ? [] : look.filled.slice(at + 1);
  if (found !== undefined && found.failure !== null) {
    look.isBlind = true;
    look.unread = higher(look.unread, look.filled[0] ?? null);
  }
  look.filled = below;
  look.position ??= key;
  if (key === null || holder === undefined) return;
  if (look.doubted !== null && look.doubted <= reachOf(look, key, holder)) look.believable = look.doubted;
  else if (isNearRows(look, key, below[0])) look.believable = key;
  look.doubted = key;
  look.doubts += 1;
}

function higher(a: RangePartition | null, b: RangePartition | null): RangePartition | null {
  return a === null || (b !== null && b.bound.from > a.bound.from) ? b : a;
}

/** The rows of `next`, which has some, are at its lower bound or above; mostly that is answer enough. */
function isNearRows(look: Look, key: Position, next: RangePartition | undefined): boolean {
  return next !== undefined && isPosition(next.bound.from) && key <= reachOf(look, next.bound.from, next);
}

/** How far beyond the key `base` in `holder` a key is believed: 2 x premake intervals, or as many of the holder's width when it is wider. */
function reachOf({ parent: { grid, policy } }: Look, base: Position, { bound: { from, to } }: RangePartition): Position {
  const horizon = dataHorizon(grid, base, policy.premake);
  if (!isPosition(from) || !isPosition(to)) return horizon;
  const wide = base + BigInt(2 * Math.max(policy.premake, 1)) * (to - from);
  return wide > horizon ? wide : horizon;
}

/** Where an integer key without attached rows stands: at its highest partition, or where the policy lets it start. */
function startOf({ candidates, parent: { codec, policy } }: Look): Position | null {
  const highest = candidates.find(({ bound }) => isPosition(bound.from))?.bound.from;
  if (highest !== undefined && isPosition(highest)) return highest;
  return policy.startFrom === null ? null : positionOf(codec, policy.startFrom.toString());
}

async function readDefault(session: Session, look: Look, sizes: Sizes, signal: AbortSignal): Promise<DataFacts> {
  const { parent, defaultPartition, missing } = look;
  const newest = newestOf(look);
  if (defaultPartition === null) return { newest, defaultRows: null, missing };
  const size = sizes.get(defaultPartition.oid);
  if (size?.bytes === 0) return { newest, defaultRows: { count: 0, isExact: true, min: null, max: null }, missing };
  const partial = parent.codec.axis === 'integer' ? { ...newest, isIncomplete: true } : newest;
  const unknown: DataFacts = { newest: partial, defaultRows: { count: 0, isExact: false, min: null, max: null }, missing };
  if (size === undefined || size.bytes === null) return unknown;
  if (!size.canSelect) return { ...unknown, missing: [...missing, mayNotRead(defaultPartition, parent)] };
  const horizon = look.horizon === null ? null : parent.codec.format(look.horizon);
  const keys = await readDefaultRows(session, defaultPartition, parent.key, horizon, size.isKeyIndexed, signal);
  if (!(keys instanceof StatementError)) return { ...withDefault(newest, keys, parent.codec), missing };
  const isMomentary = keys.sqlstate === sqlstates.queryCanceled || isLockFailure(keys);
  return isMomentary ? unknown : { ...unknown, missing: [...missing, couldNotRead(defaultPartition, parent, keys)] };
}

function newestOf({ position, beyond, believable, unread, parent: { codec, policy } }: Look): NewestData {
  const isIncomplete = codec.axis === 'integer' && unread !== null && (position === null || unread.bound.to > position);
  const newest: NewestData = { position, beyondHorizon: beyond, ...(isIncomplete ? { isIncomplete } : {}) };
  const isBelieved = codec.axis === 'time' || policy.retention === null || believable === position;
  return isBelieved ? newest : { ...newest, believable: believable ?? null };
}

function withDefault(newest: NewestData, keys: DefaultKeys, codec: KeyCodec): Omit<DataFacts, 'missing'> {
  const upTo = keys.upTo === null ? null : positionOf(codec, keys.upTo);
  const beyond = keys.beyond === null ? null : positionOf(codec, keys.beyond);
  return {
    newest: { ...newest, position: greater(newest.position, upTo), beyondHorizon: greater(newest.beyondHorizon, beyond) },
    defaultRows: {
      count: Math.min(keys.count, countLimit),
      isExact: keys.count <= countLimit,
      ...(keys.count <= countLimit ? {} : { live: keys.live }),
      min: keys.min === null ? null : positionOf(codec, keys.min),
      max: beyond ?? upTo,
    },
  };
}

function take(look: Look, found: GreatestKey | undefined): Position | null {
  if (found === undefined) return null;
  const [first] = look.filled;
  if (found.failure !== null && !isLockFailure(found.failure) && first !== undefined) {
    look.missing.push(couldNotRead(first, look.parent, found.failure));
  }
  return found.text === null ? null : positionOf(look.parent.codec, found.text);
}

/** A value that the codec does not know (a lower-case ULID) says nothing about where the data stands. */
function positionOf(codec: KeyCodec, text: string): Position | null {
  try {
    const edge = codec.parse(text);
    return isPosition(edge) ? edge : null;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function greater(a: Position | null, b: Position | null): Position | null {
  if (a === null || b === null) return a ?? b;
  return a > b ? a : b;
}

function mayNotRead(partition: Partition, { row }: Parent): MissingPrivilege {
  const name = formatQualifiedName(partition.name);
  return { missing: `look for the newest row of ${name}`, fix: `GRANT SELECT ON ${name} TO ${quoteIdentifier(row.role)};` };
}

/** Mostly the statement timeout of a scan that an index would have spared. */
function couldNotRead(partition: Partition, { key }: Parent, error: StatementError): MissingPrivilege {
  const name = formatQualifiedName(partition.name);
  return {
    missing: `look for the newest row of ${name} (${error.message})`,
    fix: `CREATE INDEX CONCURRENTLY ON ${name} (${quoteIdentifier(key.name)});`,
  };
}
