import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseBound } from '../../src/partition/bound.ts';
import { createGrid } from '../../src/partition/grid.ts';
import type { Interval } from '../../src/partition/interval.ts';
import type { KeyCodec } from '../../src/partition/key.ts';
import { contains, type Edge, isPosition, MAXVALUE, MINVALUE, type Range } from '../../src/partition/position.ts';
import {
  calendarInterval,
  codecFor,
  instant,
  integerKeys,
  type Key,
  positionOf,
  timeKeys,
  zone,
} from '../property/partition/arbitraries.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';

/**
 * PostgreSQL is the oracle: rows go where it routes them, and `codec.parse` with the ranges of the partitions must say the same for each.
 * Bounds are written by the codec, and read back from what `pg_get_expr` prints.
 */

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

interface TableKey {
  readonly key: Key;
  readonly sqlType: string;
  /** Values that no finite position stands for. */
  readonly special: readonly string[];
}

function tableKey(key: Key): TableKey {
  const isTime = ['timestamp with time zone', 'timestamp without time zone', 'date'].includes(key.type);
  if (key.type === 'numeric' && key.scale !== null) return { key, sqlType: `numeric(100, ${key.scale})`, special: [] };
  const special = key.type === 'numeric' ? ['Infinity', '-Infinity', 'NaN'] : isTime ? ['infinity', '-infinity'] : [];
  return { key, sqlType: key.type, special };
}

const ulid: Key = { type: 'text', scale: null, encoding: { kind: 'ulid' } };
const keys: readonly TableKey[] = [
  ...[...timeKeys, ...integerKeys].map(tableKey),
  ...['character varying(26)', 'character(30)', 'text COLLATE "und-x-icu"'].map((sqlType) => ({ key: ulid, sqlType, special: [] })),
];

interface Scene {
  readonly codec: KeyCodec;
  readonly interval: Interval;
  readonly start: bigint;
}

/** A zone, an interval that fits, and where the partitions begin; all bounds are values that the type can hold. */
function sceneOf(key: Key): fc.Arbitrary<Scene> {
  const scene: fc.Arbitrary<Scene> = integerKeys.includes(key)
    ? fc
        .tuple(fc.bigInt({ min: 1n, max: 1000n }), positionOf(codecFor(key, 'UTC')))
        .map(([step, start]) => ({ codec: codecFor(key, 'UTC'), interval: { kind: 'integer', step }, start }))
    : fc
        .tuple(calendarInterval, zone, instant)
        .filter(([{ unit }]) => key.type !== 'date' || (unit !== 'minute' && unit !== 'hour'))
        .map(([interval, zoneName, t]) => {
          const codec = codecFor(key, zoneName);
          return { codec, interval, start: codec.positionOf(t) };
        });
  return scene.filter((candidate) => {
    const { min, max } = candidate.codec;
    const edges = rangesOf(candidate).flatMap(({ from, to }) => [from, to]);
    return edges.filter(isPosition).every((edge) => edge >= min && edge <= max);
  });
}

/** Six intervals in a row with a hole after the third, below them everything from MINVALUE, above them everything to MAXVALUE, all real bounds. */
function rangesOf({ codec, interval, start }: Scene): readonly Range[] {
  const grid = createGrid(interval, codec);
  if ('problem' in grid) throw new Error(grid.problem);
  const bounds = [grid.floor(start)];
  while (bounds.length < 7) bounds.push(grid.next(bounds.at(-1) ?? 0n));
  const edges: readonly Edge[] = [MINVALUE, ...bounds, MAXVALUE];
  return edges
    .slice(1)
    .map((to, index) => ({ from: edges[index] ?? MINVALUE, to }))
    .filter((_, index) => index !== 4);
}

const edgeSql = (edge: Edge, codec: KeyCodec): string =>
  isPosition(edge) ? literal(codec.format(edge)) : edge === MINVALUE ? 'MINVALUE' : 'MAXVALUE';

/** Everything near a bound, and random values between and beyond. */
function probesOf(codec: KeyCodec, ranges: readonly Range[]): readonly bigint[] {
  const bounds = ranges.flatMap(({ from, to }) => [from, to]).filter(isPosition);
  const [first = 0n, last = 0n] = [bounds[0], bounds.at(-1)];
  const near = bounds.flatMap((bound) => [bound - 1n, bound, bound + 1n]);
  const inside = fc.sample(fc.bigInt({ min: first, max: last }), 60);
  const anywhere = fc.sample(positionOf(codec), 20);
  return [...near, ...inside, ...anywhere].filter((p) => p >= codec.min && p <= codec.max);
}

async function checkRouting(database: TestDatabase, table: string, { sqlType, special }: TableKey, scene: Scene): Promise<void> {
  const { codec } = scene;
  const ranges = rangesOf(scene);
  const partitions = ranges.map((range, index) => ({ name: `${table}_${index}`, range }));
  await database.query(
    [
      `CREATE TABLE ${table} (k ${sqlType}, wanted text) PARTITION BY RANGE (k)`,
      ...partitions.map(
        ({ name, range }) =>
          `CREATE TABLE ${name} PARTITION OF ${table} FOR VALUES FROM (${edgeSql(range.from, codec)}) TO (${edgeSql(range.to, codec)})`,
      ),
      `CREATE TABLE ${table}_default PARTITION OF ${table} DEFAULT`,
    ].join(';\n'),
  );

  const bounds = await database.query<{ name: string; bound: string }>(
    `SELECT c.relname AS name, pg_get_expr(c.relpartbound, c.oid) AS bound FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
     WHERE i.inhparent = $1::regclass`,
    [table],
  );
  const parsed = new Map(bounds.map(({ name, bound }) => [name, parseBound(bound, codec)]));
  expect(parsed.get(`${table}_default`)).toEqual({ kind: 'default' });
  for (const { name, range } of partitions) expect(parsed.get(name), name).toEqual({ kind: 'range', ...range });

  const texts = [...probesOf(codec, ranges).map((p) => codec.format(p)), ...special];
  await database.query(`INSERT INTO ${table} SELECT text::${sqlType}, text FROM unnest($1::text[]) AS ask (text)`, [texts]);
  const rows = await database.query<{ partition: string; k: string; wanted: string }>(
    `SELECT tableoid::regclass::text AS partition, k::text AS k, wanted FROM ${table}`,
  );
  expect(rows.length).toBe(texts.length);
  for (const { partition, k, wanted } of rows) {
    const position = codec.parse(k);
    expect(position, wanted).toBe(codec.parse(wanted));
    const homes = partitions.filter(({ range }) => holds(range, position));
    expect(homes.length, k).toBeLessThanOrEqual(1);
    expect(partition, k).toBe(homes[0]?.name ?? `${table}_default`);
  }
}

/** The infinities of numeric are beyond every position: they go where the open ends are. */
function holds(range: Range, edge: Edge): boolean {
  if (isPosition(edge)) return contains(range, edge);
  return edge === MINVALUE ? range.from === edge : range.to === edge;
}

describe('rows go where the codec says', () => {
  it.each(keys.map((key) => [key.sqlType, key.key.encoding.kind, key] as const))('in a table on %s (%s)', async (_type, _encoding, key) => {
    await using database = await createDatabase();
    await database.query(`SET TimeZone = 'UTC'; SET DateStyle = 'ISO'`);
    for (const [index, scene] of fc.sample(sceneOf(key.key), 4).entries()) await checkRouting(database, `routed_${index}`, key, scene);
  });
});
