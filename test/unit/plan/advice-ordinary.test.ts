import { describe, expect, it } from 'vitest';
import { parseConfiguration } from '../../../src/config/parse-configuration.ts';
import type { KeyCodec } from '../../../src/partition/key.ts';
import { adviseOrdinaryTable } from '../../../src/plan/advice/ordinary/advise-ordinary-table.ts';
import { keyBlockers, tableBlockers } from '../../../src/plan/advice/ordinary/blockers.ts';
import { copyableIdentifier, yamlName } from '../../../src/plan/advice/ordinary/copyable.ts';
import { keyKind } from '../../../src/plan/advice/ordinary/key-kind.ts';
import { keyRange } from '../../../src/plan/advice/ordinary/key-range.ts';
import type { ColumnUse, OrdinaryColumn, OrdinaryTable, UniqueKey } from '../../../src/plan/advice/ordinary/table.ts';
import { chooseWidth, type Width } from '../../../src/plan/advice/ordinary/width.ts';

const GB = 1024 ** 3;
const target = 32 * GB;
const goal = { targetBytes: target, now: BigInt(Date.UTC(2025, 10, 1)) * 1000n };

function columnOf(name: string, fields: Partial<OrdinaryColumn> = {}): OrdinaryColumn {
  return {
    name,
    type: 'timestamp with time zone',
    scale: null,
    isNotNull: true,
    isIdentity: false,
    default: null,
    canSelect: true,
    nullFraction: 0,
    correlation: 0,
    bounds: [],
    common: [],
    ...fields,
  };
}

function tableOf(columns: readonly OrdinaryColumn[], fields: Partial<OrdinaryTable> = {}): OrdinaryTable {
  return {
    name: { schema: 'public', name: 't' },
    serverVersion: 180000,
    estimatedRows: 1000,
    bytes: 100 * GB,
    isUnlogged: false,
    ofType: null,
    hasReplicaIdentity: false,
    hasRowSecurity: false,
    parents: [],
    heirs: [],
    columns,
    uniqueKeys: [],
    exclusions: [],
    incoming: [],
    outgoing: [],
    triggers: [],
    ownChecks: [],
    rules: [],
    publications: [],
    views: [],
    sequences: [],
    ...fields,
  };
}

function keyOf(columns: readonly (string | null)[], fields: Partial<UniqueKey> = {}): UniqueKey {
  return {
    name: 't_key',
    kind: 'primary',
    columns,
    included: [],
    isDeferrable: false,
    isDeferred: false,
    isTemporal: false,
    ...fields,
  };
}

function useOf(
  statements: number,
  conditions: Readonly<Record<string, number>>,
  assignments: Readonly<Record<string, number>> = {},
): ColumnUse {
  return { statements, conditions: new Map(Object.entries(conditions)), assignments: new Map(Object.entries(assignments)) };
}

/** Ends of a histogram's buckets from `from`, one every `hours`. */
function hourly(from: string, buckets: number, hours: number): readonly string[] {
  return Array.from({ length: buckets + 1 }, (_, n) =>
    new Date(Date.parse(from) + n * hours * 3_600_000).toISOString().replace('T', ' ').replace('.000Z', '+00'),
  );
}

function order(columns: readonly OrdinaryColumn[], use: ColumnUse | null = null): readonly string[] {
  return adviseOrdinaryTable(tableOf(columns), use, goal).candidates.map(({ column }) => column);
}

describe('candidates for the key', () => {
  it('are times, identifiers that begin with their time, and counted numbers', () => {
    const ulid = '01JGGZZZZZZZZZZZZZZZZZZZZZ';
    const columns = [
      columnOf('serial', { type: 'integer', default: "nextval('t_id_seq'::regclass)" }),
      columnOf('identity', { type: 'bigint', isIdentity: true }),
      columnOf('amount', { type: 'numeric' }),
      columnOf('rounded', { type: 'numeric', scale: -3, isIdentity: true }),
      columnOf('none', { type: 'uuid' }),
      columnOf('four', { type: 'uuid', default: 'gen_random_uuid()' }),
      columnOf('seven', { type: 'uuid', bounds: ['01942000-0000-7000-8000-000000000000'] }),
      columnOf('soon_seven', { type: 'uuid', default: 'uuidv7()' }),
      columnOf('ulid', { type: 'text', common: [ulid] }),
      columnOf('word', { type: 'text' }),
      columnOf('day', { type: 'date' }),
      columnOf('plain', { type: 'timestamp without time zone' }),
    ];
    expect(order(columns).toSorted()).toEqual(['day', 'identity', 'plain', 'serial', 'seven', 'soon_seven', 'ulid']);
  });

  it('takes a number that alone is the primary key for a counted one', () => {
    const id = columnOf('id', { type: 'bigint' });
    expect(keyKind(tableOf([id], { uniqueKeys: [keyOf(['id'])] }), id)?.kind).toBe('integer');
    expect(keyKind(tableOf([id], { uniqueKeys: [keyOf(['org', 'id'])] }), id)).toBeNull();
    expect(keyKind(tableOf([id], { uniqueKeys: [keyOf(['other'])] }), id)).toBeNull();
  });

  it('come in the order: without nulls, time, conditions and order on disk, then usual names', () => {
    const id = columnOf('id', { type: 'bigint', isIdentity: true, correlation: 1 });
    const seven = columnOf('seven', { type: 'uuid', default: 'uuidv7()' });
    const deleted = columnOf('deleted_at', { nullFraction: 0.5, isNotNull: false });
    expect(order([deleted, id, seven, columnOf('at', { correlation: 0.6 })])).toEqual(['at', 'seven', 'id', 'deleted_at']);
    expect(order([columnOf('a'), columnOf('b', { correlation: 0.6 }), columnOf('c', { correlation: -0.95 })])).toEqual(['c', 'b', 'a']);
    expect(order([columnOf('a', { isNotNull: false, correlation: null, nullFraction: null }), columnOf('b')])).toEqual(['b', 'a']);
    expect(order([columnOf('a'), columnOf('b', { default: 'CURRENT_TIMESTAMP' })])).toEqual(['b', 'a']);
    expect(order([columnOf('noted'), columnOf('created_at')])).toEqual(['created_at', 'noted']);
    expect(order([columnOf('noted'), columnOf('created_at')], useOf(10, { noted: 5 }))).toEqual(['noted', 'created_at']);
    const now = { default: 'now()' };
    expect(order([columnOf('noted', now), columnOf('created_at', now)], useOf(0, {}))).toEqual(['created_at', 'noted']);
    expect(order([columnOf('updated_at', { correlation: 0.6 }), columnOf('at')], useOf(4, {}, { updated_at: 1 }))).toEqual([
      'at',
      'updated_at',
    ]);
  });

  it('take a time for the better key than an identifier only where something shows that rows come by it', () => {
    const seven = columnOf('id', { type: 'uuid', default: 'uuidv7()' });
    const counted = columnOf('no', { type: 'bigint', isIdentity: true });
    const born = (fields: Partial<OrdinaryColumn> = {}): readonly OrdinaryColumn[] => [
      columnOf('born', { type: 'date', ...fields }),
      counted,
      seven,
    ];
    expect(order(born())).toEqual(['id', 'born', 'no']);
    expect(order(born({ correlation: null, nullFraction: null }))).toEqual(['id', 'born', 'no']);
    expect(order(born(), useOf(4, {}))).toEqual(['id', 'born', 'no']);
    for (const shown of [{ correlation: -0.5 }, { default: 'CURRENT_DATE' }, { name: 'recorded_at' }]) {
      expect(order(born(shown))[1]).toBe('id');
    }
    expect(order(born(), useOf(4, { born: 1 }))).toEqual(['born', 'id', 'no']);
  });

  it('say what speaks for and against them', () => {
    const remarksOf = (column: OrdinaryColumn, use: ColumnUse | null = null, fields: Partial<OrdinaryTable> = {}): readonly string[] =>
      adviseOrdinaryTable(tableOf([column], fields), use, goal).candidates[0]?.remarks ?? [];
    expect(remarksOf(columnOf('at', { nullFraction: null }))).toEqual(['no statistics to be seen: ANALYZE the table first']);
    expect(remarksOf(columnOf('at', { nullFraction: null }), null, { hasRowSecurity: true })).toEqual([
      'no statistics to be seen: ANALYZE the table first, as a role that row security does not bind',
    ]);
    expect(remarksOf(columnOf('at', { nullFraction: null, canSelect: false }))).toEqual([
      'its statistics need the privilege SELECT on the column',
    ]);
    expect(
      remarksOf(columnOf('at', { correlation: -1, default: 'now()', isNotNull: false }), useOf(3, {}, { at: 1 }), {
        uniqueKeys: [keyOf(['id', 'at'])],
      }),
    ).toEqual([
      'rows lie on disk in its order',
      'its default is the time of the insert',
      'no nulls were seen, but it is not declared NOT NULL',
      'recorded statements change it, and rows would then move between partitions',
      'every unique key holds it',
    ]);
    expect(remarksOf(columnOf('at', { correlation: null, common: ['2025-01-01 00:00:00+00', 'infinity'] }))).toEqual([
      'some values lie far off and belong into a default partition',
    ]);
    expect(remarksOf(columnOf('id', { type: 'integer', isIdentity: true }))).toEqual([
      'a number: intervals and retention count keys, not time',
    ]);
    expect(remarksOf(columnOf('id', { type: 'uuid', default: 'uuidv7()' }))).toContain('uuids of version 7 begin with their time');
    expect(remarksOf(columnOf('id', { type: 'text', common: ['01JGGZZZZZZZZZZZZZZZZZZZZZ'] }))).toContain('ULIDs begin with their time');
  });

  it('tell their range, and how often recorded statements ask for them', () => {
    const at = columnOf('at', { bounds: ['2025-01-01 00:00:00+00', '2025-01-02 00:00:00+00'], common: ['2024-12-31 00:00:00+00'] });
    expect(adviseOrdinaryTable(tableOf([at]), useOf(7, { at: 2 }), goal).candidates[0]).toMatchObject({
      from: '2024-12-31T00:00:00Z',
      to: '2025-01-02T00:00:00Z',
      use: { statements: 2, of: 7 },
    });
    expect(adviseOrdinaryTable(tableOf([columnOf('at')]), useOf(7, {}), goal).candidates[0]).toMatchObject({
      from: null,
      to: null,
      use: { statements: 0, of: 7 },
    });
  });
});

describe('the range of a key', () => {
  const codecOf = (column: OrdinaryColumn): KeyCodec => {
    const key = keyKind(tableOf([column]), column);
    if (key === null) throw new Error('no candidate');
    return key.codec;
  };

  it('leaves out what no codec reads, and keeps bugs loud', () => {
    const column = columnOf('n', { type: 'numeric', isIdentity: true, bounds: ['1', '2.5', 'NaN', '9'] });
    const codec = codecOf(column);
    expect(keyRange(column, codec)).toMatchObject({ from: 1n, to: 9n, hasInfinity: true, density: 1 / 8 });
    const broken: KeyCodec = {
      ...codec,
      parse: () => {
        throw new TypeError('a bug');
      },
    };
    expect(() => keyRange(column, broken)).toThrow('a bug');
    expect(keyRange(columnOf('n', { type: 'numeric', isIdentity: true, common: ['7', '7'] }), codec)).toMatchObject({ density: null });
  });

  it('sets far outliers apart at either end, and no slow beginning', () => {
    const at = columnOf('at', {
      bounds: hourly('2025-01-01T00:00:00Z', 20, 24),
      common: ['1970-01-01 00:00:00+00', '9999-12-31 00:00:00+00'],
    });
    const range = keyRange(at, codecOf(at));
    expect(range?.main).toEqual({ from: 1_735_689_600_000_000n, to: 1_737_417_600_000_000n });
    expect(range?.density).toBeCloseTo(0.8 / (16 * 86_400e6), 20);
    const slow = columnOf('at', { bounds: ['2024-12-20 00:00:00+00', ...hourly('2025-01-01T00:00:00Z', 20, 24)] });
    expect(keyRange(slow, codecOf(slow))?.main).toEqual({ from: 1_734_652_800_000_000n, to: 1_737_417_600_000_000n });
  });

  it('takes common values for no outliers where they go on from the buckets without a hole', () => {
    const common = hourly('2024-12-01T00:00:00Z', 30, 24);
    const at = columnOf('at', { bounds: hourly('2025-01-01T00:00:00Z', 20, 24), common });
    expect(keyRange(at, codecOf(at))?.main).toEqual({ from: 1_733_011_200_000_000n, to: 1_737_417_600_000_000n });
  });

  it('says nothing of density where most rows have one value', () => {
    const same = columnOf('n', { type: 'bigint', isIdentity: true, bounds: Array.from({ length: 12 }, (_, n) => (n === 0 ? '1' : '5')) });
    expect(keyRange(same, codecOf(same))).toMatchObject({ from: 1n, to: 5n, density: 0.25 });
  });
});

describe('the width of partitions', () => {
  function widthOf(column: OrdinaryColumn, bytes: number): Width {
    const key = keyKind(tableOf([column]), column);
    if (key === null) throw new Error('no candidate');
    return chooseWidth(key, column.type, keyRange(column, key.codec), bytes, goal);
  }

  // 100 buckets of 73 hours: 304 days.
  const at = columnOf('at', { bounds: hourly('2025-01-01T00:00:00Z', 100, 73) });
  it.each([
    [20, 'year', 1, 1],
    [60, 'quarter', 2, 4],
    [300, 'month', 3, 11],
    [1000, 'week', 4, 44],
    [5000, 'day', 14, 305],
    [200_000, 'hour', 72, 7301],
    [9_000_000, 'hour', 72, 7301],
  ])('is the widest of which a partition of %i GB in ten months stays under 32 GB: %s', (size, unit, premake, partitions) => {
    expect(widthOf(at, size * GB)).toMatchObject({ interval: { count: 1, unit }, premake, lineup: { partitions } });
  });

  it('is a day at least for dates, and a month where nothing is known', () => {
    const day = columnOf('day', { type: 'date', bounds: ['2025-01-01', '2025-01-31'] });
    expect(widthOf(day, 9_000_000 * GB)).toMatchObject({ interval: { unit: 'day' }, lineup: { partitions: 31 } });
    expect(widthOf(columnOf('at'), GB)).toMatchObject({ interval: { unit: 'month' }, premake: 3, lineup: null });
    expect(widthOf(columnOf('at'), 100 * GB)).toMatchObject({ interval: { unit: 'month' }, premake: 3, lineup: null });
  });

  it('is a month or more for a table that fits into one partition, however fast its rows came', () => {
    const burst = columnOf('at', { bounds: ['2020-03-05 00:00:00+00', '2020-03-05 00:00:20+00'] });
    expect(widthOf(burst, GB / 5)).toMatchObject({ interval: { unit: 'month' }, premake: 3, lineup: { partitions: 1 } });
    expect(widthOf(burst, target)).toMatchObject({ interval: { unit: 'month' } });
    const born = columnOf('born', { type: 'date', bounds: ['1920-03-05', '2020-03-05'] });
    expect(widthOf(born, GB)).toMatchObject({ interval: { unit: 'year' }, lineup: { partitions: 101 } });
  });

  it('is so wide that `plan` makes all partitions from the first row until now', () => {
    const burst = columnOf('at', { bounds: ['2020-03-05 00:00:00+00', '2020-03-05 00:00:20+00'] });
    expect(widthOf(burst, 40 * GB)).toMatchObject({ interval: { unit: 'day' }, premake: 14, lineup: { partitions: 1 } });
    const old = columnOf('at', { bounds: ['1980-03-05 00:00:00+00', '1980-03-05 00:00:20+00'] });
    expect(widthOf(old, 40 * GB)).toMatchObject({ interval: { unit: 'week' }, lineup: { partitions: 1 } });
    const long = columnOf('at', { bounds: hourly('2000-01-01T00:00:00Z', 100, 2400) });
    expect(widthOf(long, 9_000_000 * GB)).toMatchObject({ interval: { unit: 'week' }, lineup: { partitions: 1430 } });
    const ages = columnOf('at', { bounds: ['0001-01-01 00:00:00+00', '20000-01-01 00:00:00+00'] });
    expect(widthOf(ages, 40 * GB)).toMatchObject({ interval: { unit: 'year' }, lineup: null });
    const id = columnOf('id', { type: 'bigint', isIdentity: true, bounds: ['1', '1000000000'] });
    expect(widthOf(id, 900_000 * GB)).toMatchObject({ interval: { step: 200_000n }, lineup: { partitions: 5001 } });
  });

  it('is a round number of keys, never all of them', () => {
    const id = (bounds: readonly string[], fields: Partial<OrdinaryColumn> = {}): OrdinaryColumn =>
      columnOf('id', { type: 'bigint', isIdentity: true, bounds, ...fields });
    const step = (column: OrdinaryColumn, bytes: number): unknown => widthOf(column, bytes);
    expect(step(id(['1', '1000001']), 320 * GB)).toMatchObject({ interval: { step: 100_000n }, lineup: { from: 0n, partitions: 11 } });
    expect(step(id(['1', '1000001']), 100 * GB)).toMatchObject({ interval: { step: 200_000n } });
    expect(step(id(['1', '1000001']), 60 * GB)).toMatchObject({ interval: { step: 500_000n } });
    expect(step(id(['1', '1000001']), GB)).toMatchObject({ interval: { step: 1_000_000n } });
    expect(step(id(['1', '3']), 9000 * GB)).toMatchObject({ interval: { step: 1n } });
    expect(step(id([]), GB)).toMatchObject({ interval: { step: 10_000_000n }, lineup: null });
    expect(step(id(['5', '5']), GB)).toMatchObject({ interval: { step: 10_000_000n }, lineup: { partitions: 1 } });
    expect(step(id(['100', '300'], { type: 'numeric', scale: 2 }), GB)).toMatchObject({ interval: { step: 200n }, lineup: { from: 0n } });
  });

  it('begins where the type of the key does, not at the bound before it', () => {
    const ends = ['-2147483648', '2147483647'];
    const id = columnOf('id', { type: 'integer', isIdentity: true, bounds: ends });
    expect(widthOf(id, 100 * GB)).toMatchObject({ interval: { step: 1_000_000_000n }, lineup: { from: -2_147_483_648n, partitions: 6 } });
  });

  it('has no line-up where interval and key do not fit', () => {
    const id = columnOf('id', { type: 'bigint', isIdentity: true, bounds: ['1', '9'] });
    const [number, time] = [keyKind(tableOf([id]), id), keyKind(tableOf([at]), at)];
    if (number === null || time === null) throw new Error('no candidates');
    expect(chooseWidth({ ...number, codec: time.codec, kind: 'integer' }, 'bigint', null, GB, goal).lineup).toBeNull();
    const range = { from: 0n, to: 9n, main: { from: 0n, to: 9n }, density: null, hasInfinity: false };
    expect(chooseWidth({ ...number, codec: time.codec, kind: 'integer' }, 'bigint', range, GB, goal).lineup).toBeNull();
  });
});

describe('what stands in the way', () => {
  const at = columnOf('at');

  it('is nothing for a plain table', () => {
    expect(tableBlockers(tableOf([at]))).toEqual([]);
    expect(keyBlockers(tableOf([at]), at)).toEqual([]);
  });

  it('is what PostgreSQL refuses of the table as such', () => {
    const table = tableOf([at], {
      parents: [{ schema: 'public', name: 'old' }],
      heirs: [{ schema: 'public', name: 'new' }],
      ofType: 'kind',
      isUnlogged: true,
      ownChecks: ['mine'],
    });
    expect(tableBlockers(table).map((text) => text.slice(0, 30))).toEqual([
      'It inherits from public.old, w',
      'public.new inherit from it, wh',
      'It is a typed table (OF kind),',
      'It is UNLOGGED, which PostgreS',
      'Check constraint mine is NO IN',
    ]);
    expect(tableBlockers(tableOf([at], { isUnlogged: true, serverVersion: 170004 }))[0]).toContain('does not hand on');
  });

  it('is a trigger for each row that sees transition tables or runs before an insert', () => {
    const trigger = { name: 'x', isForEachRow: true, isBeforeInsert: false, hasTransitionTables: false };
    const textsOf = (fields: Partial<typeof trigger>): readonly string[] =>
      tableBlockers(tableOf([at], { triggers: [{ ...trigger, ...fields }] })).slice(0, -1);
    expect(textsOf({})).toEqual([]);
    expect(textsOf({ isForEachRow: false, hasTransitionTables: true })).toEqual([]);
    expect(textsOf({ isBeforeInsert: true })).toEqual([expect.stringMatching(/may not change the partition key/)]);
    expect(textsOf({ hasTransitionTables: true })).toEqual([expect.stringMatching(/make it FOR EACH STATEMENT/)]);
  });

  it('names what must be made again', () => {
    const table = tableOf([at], {
      outgoing: ['a', 'b'],
      rules: ['r'],
      publications: ['p'],
      hasRowSecurity: true,
      hasReplicaIdentity: true,
    });
    expect(tableBlockers(table)).toEqual([
      'The DDL below does not carry these, make them again on the new table: foreign keys a, b; rule r; publication p; ' +
        'row security with its policies; replica identity (of each partition).',
    ]);
  });

  it('is what goes on with the old table: the sequences of its columns, and views', () => {
    const views = [
      { schema: 'public', name: 'v' },
      { schema: 'Other', name: 'w' },
    ];
    const sequences = [{ name: { schema: 'public', name: 't_id_seq' }, column: 'Id' }];
    expect(tableBlockers(tableOf([at], { views, sequences }))).toEqual([
      expect.stringMatching(
        /^Sequence public\.t_id_seq belongs to column "Id" .*: ALTER SEQUENCE public\.t_id_seq OWNED BY public\.t\."Id";$/,
      ),
      expect.stringMatching(/^Views public\.v, "Other"\.w will go on reading the old table, .* make them again/),
    ]);
    expect(tableBlockers(tableOf([at], { views: views.slice(1) }))).toEqual([expect.stringMatching(/^View "Other"\.w will/)]);
  });

  it('is every unique key without the column, with the columns that it should have', () => {
    const texts = keyBlockers(
      tableOf([at], {
        uniqueKeys: [
          keyOf(['id', 'Org']),
          keyOf(['at', 'id'], { kind: 'unique' }),
          keyOf([null], { kind: 'index', name: 'lower' }),
          keyOf(['room', 'during'], { kind: 'unique', name: 'u', isTemporal: true }),
        ],
      }),
      at,
    );
    expect(texts).toEqual([
      expect.stringMatching(/^Primary key t_key \(id, "Org"\) lacks at, .*: make it \(id, "Org", at\)\. The same \(id, "Org"\) may then/),
      expect.stringMatching(/^Unique index lower lacks at and has an expression/),
      expect.stringMatching(/make it \(room, at, during WITHOUT OVERLAPS\)/),
    ]);
  });

  it('is every foreign key to columns without it', () => {
    const table = { schema: 'public', name: 'fees' };
    const incoming = [
      { name: 'f', table, columns: ['id'] },
      { name: 'g', table, columns: ['id', 'at'] },
    ];
    expect(keyBlockers(tableOf([at], { incoming }), at)).toEqual([
      expect.stringMatching(/^Foreign key f of public\.fees references \(id\)/),
    ]);
  });

  it('is an exclusion constraint: any before 17, from then on one without = on the key', () => {
    const exclusions = [
      { name: 'with', equal: ['at'] },
      { name: 'without', equal: [] },
    ];
    const before = tableOf([at], { exclusions, serverVersion: 160010 });
    expect(tableBlockers(before)).toHaveLength(2);
    expect(keyBlockers(before, at)).toEqual([]);
    const since = tableOf([at], { exclusions, serverVersion: 170000 });
    expect(tableBlockers(since)).toEqual([]);
    expect(keyBlockers(since, at)).toEqual([expect.stringMatching(/^Exclusion constraint without /)]);
  });

  it('is every row without a key', () => {
    const share = (nullFraction: number): string => keyBlockers(tableOf([at]), columnOf('at', { nullFraction }))[0] ?? '';
    expect(share(0.001)).toMatch(/^less than 1 % of the rows/);
    expect(share(0.25)).toMatch(/^25 % of the rows have no at.*ALTER TABLE public\.t ALTER COLUMN at SET NOT NULL;$/);
  });
});

describe('the proposal', () => {
  it('is null without a candidate', () => {
    expect(adviseOrdinaryTable(tableOf([columnOf('word', { type: 'text' })]), null, goal)).toMatchObject({
      candidates: [],
      proposal: null,
    });
  });

  it('aims at the size that the configuration has by default', () => {
    const text = 'databases: [{ name: app, url: "postgres://x/y", tables: [{ table: t, interval: 1 day }] }]';
    expect(parseConfiguration({ text, source: 'test', env: {}, folder: '/' }).databases[0]?.tables[0]?.targetPartitionBytes).toBe(target);
  });

  it('writes the entry and the DDL', () => {
    const at = columnOf('at', { bounds: hourly('2025-01-15T00:00:00Z', 100, 24), common: ['9999-12-31 00:00:00+00'] });
    const table = tableOf([at], { uniqueKeys: [keyOf(['id'], { included: ['at', 'note'], isDeferrable: true, isDeferred: true })] });
    const { proposal } = adviseOrdinaryTable(table, null, goal);
    expect(proposal?.yaml).toBe(
      '- table: "public.t"\n  interval: 1 month\n  # by the statistics, a sample; compare first: SELECT at FROM public.t ORDER BY at LIMIT 1;\n' +
        '  startFrom: 2025-01-01\n  premake: 3\n  defaultPartition: managed\n',
    );
    expect(proposal?.ddl.split('\n').slice(2)).toEqual([
      'CREATE TABLE public.t_partitioned (',
      '  LIKE public.t INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING STORAGE INCLUDING COMPRESSION INCLUDING CONSTRAINTS ' +
        'INCLUDING STATISTICS INCLUDING COMMENTS,',
      '  PRIMARY KEY (id, at) INCLUDE (note) DEFERRABLE INITIALLY DEFERRED',
      ') PARTITION BY RANGE (at);',
      '',
    ]);
  });

  it('leaves out what is not there: primary key, range, checks that cannot be', () => {
    const { proposal } = adviseOrdinaryTable(tableOf([columnOf('at')], { ownChecks: ['mine'] }), null, goal);
    expect(proposal).toMatchObject({ partitions: null, yaml: '- table: "public.t"\n  interval: 1 month\n  premake: 3\n' });
    expect(proposal?.ddl).not.toContain('CONSTRAINTS');
    expect(proposal?.ddl).toContain('INCLUDING COMMENTS\n) PARTITION');
    const deferrable = tableOf([columnOf('at')], { uniqueKeys: [keyOf(['at'], { isDeferrable: true })] });
    expect(adviseOrdinaryTable(deferrable, null, goal).proposal?.ddl).toContain('  PRIMARY KEY (at) DEFERRABLE\n');
  });

  it('says how a text or a number is to be read', () => {
    const ulids = columnOf('id', { type: 'text', bounds: ['01JGFJJZ000000000000000000', '01JJ0F7C000000000000000000'] });
    expect(adviseOrdinaryTable(tableOf([ulids]), null, goal).proposal?.yaml).toContain('  key: { encoding: ulid }\n');
    const numbers = columnOf('id', { type: 'numeric', scale: 2, isIdentity: true, bounds: ['1000', '900000'] });
    expect(adviseOrdinaryTable(tableOf([numbers], { bytes: 320 * GB }), null, goal).proposal?.yaml).toBe(
      '- table: "public.t"\n  interval: 50000\n  # by the statistics, a sample; compare first: SELECT id FROM public.t ORDER BY id LIMIT 1;\n' +
        '  startFrom: 0\n  premake: 4\n',
    );
  });

  it('keeps control characters and variables out of what is copied', () => {
    expect(copyableIdentifier('plain')).toBe('plain');
    expect(copyableIdentifier('a"b')).toBe('"a""b"');
    expect(copyableIdentifier('a\n"\\\u001b')).toBe('U&"a\\000A""\\\\\\001B"');
    expect(yamlName({ schema: 'public', name: 'x\n${HOME}\u2028\u007f' })).toBe('"public.\\"x\\n$${HOME}\\u2028\\u007f\\""');
  });
});
