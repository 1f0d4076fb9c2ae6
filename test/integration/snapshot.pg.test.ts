import { describe, expect, it } from 'vitest';
import { type ReadTablesRequest, readTables } from '../../src/catalog/read-tables.ts';
import { parseInstant } from '../../src/partition/calendar.ts';
import { parseInterval, parseSpan } from '../../src/partition/interval.ts';
import type { PartitionedTable, TableState } from '../../src/partition/partition.ts';
import type { TablePolicy } from '../../src/partition/policy.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { noAbort, openSession, type TestSession } from '../support/open-session.ts';
import { policyOf } from '../support/reconcile.ts';
import { waitForLockWaiter } from '../support/wait-for-lock.ts';

const now = parseInstant('2025-03-10T12:00:00Z', 'UTC');

async function states(
  session: TestSession,
  policies: readonly TablePolicy[],
  request: Partial<ReadTablesRequest> = {},
): Promise<readonly TableState[]> {
  return await readTables(session, { policies, now, detached: [], holds: [], ...request }, noAbort);
}

async function table(session: TestSession, policy: TablePolicy, request: Partial<ReadTablesRequest> = {}): Promise<PartitionedTable> {
  const [state] = await states(session, [policy], request);
  if (state?.kind !== 'partitioned') throw new Error(`${policy.table.name} was not read: ${JSON.stringify(state)}`);
  return state.table;
}

async function oids(database: TestDatabase, names: readonly string[]): Promise<readonly string[]> {
  const rows = await database.query<{ oid: string }>('SELECT n::regclass::oid::text AS oid FROM unnest($1::text[]) AS n', [names]);
  return rows.map(({ oid }) => oid);
}

describe('an integer key whose newest rows may not be read', () => {
  it('is known to be incomplete, rows below those that were read aside', async () => {
    await using database = await createDatabase();
    const role = await database.createRole('app');
    await database.query(`
      CREATE TABLE numbers (id int8 NOT NULL) PARTITION BY RANGE (id);
      CREATE TABLE numbers_0 PARTITION OF numbers FOR VALUES FROM (0) TO (100);
      CREATE TABLE numbers_1 PARTITION OF numbers FOR VALUES FROM (100) TO (200);
      INSERT INTO numbers VALUES (50), (150);
      GRANT SELECT ON numbers, numbers_0 TO ${role.name}`);
    await using session = await openSession(database, role.url);
    const policy = policyOf('numbers', { interval: parseInterval(100), name: '{table}_{from}' });
    expect((await table(session, policy)).newest).toMatchObject({ position: 50n, isIncomplete: true });
    await database.query(`REVOKE SELECT ON numbers_0 FROM ${role.name}; GRANT SELECT ON numbers_1 TO ${role.name}`);
    expect((await table(session, policy)).newest).toEqual({ position: 150n, beyondHorizon: null });
  });
});

describe('bounds', () => {
  it('are read whatever the kind of partition, ranges first and in order', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    await database.query(`
      CREATE TABLE events (at timestamptz NOT NULL) PARTITION BY RANGE (at);
      CREATE TABLE events_default PARTITION OF events DEFAULT;
      CREATE TABLE last PARTITION OF events FOR VALUES FROM ('infinity') TO (MAXVALUE);
      CREATE TABLE odd PARTITION OF events FOR VALUES FROM ('2025-01-01 03:04:05.678901+00') TO ('infinity');
      CREATE TABLE first PARTITION OF events FOR VALUES FROM (MINVALUE) TO ('0044-03-15 00:00:00+00 BC');
      CREATE TABLE sub PARTITION OF events FOR VALUES FROM ('0044-03-15 00:00:00+00 BC') TO ('2024-01-01+00') PARTITION BY RANGE (at);
      CREATE FOREIGN DATA WRAPPER nothing;
      CREATE SERVER far FOREIGN DATA WRAPPER nothing;
      CREATE FOREIGN TABLE cold PARTITION OF events FOR VALUES FROM ('2024-01-01+00') TO ('2025-01-01+00') SERVER far;`);
    const { partitions, codec } = await table(session, policyOf('events'));
    expect(
      partitions.map(({ name, kind, bound }) => [
        name.name,
        kind,
        bound.kind === 'range' ? [codec.display(bound.from), codec.display(bound.to)] : bound.kind,
      ]),
    ).toEqual([
      ['first', 'table', ['MINVALUE', '-000043-03-15T00:00:00Z']],
      ['sub', 'partitioned', ['-000043-03-15T00:00:00Z', '2024-01-01T00:00:00Z']],
      ['cold', 'foreign', ['2024-01-01T00:00:00Z', '2025-01-01T00:00:00Z']],
      ['odd', 'table', ['2025-01-01T03:04:05.678901Z', 'infinity']],
      ['last', 'table', ['infinity', 'MAXVALUE']],
      ['events_default', 'table', 'default'],
    ]);
  });

  it('show a pending detach, which pg_partition_tree hides', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    await database.query(`
      CREATE TABLE events (at timestamptz NOT NULL) PARTITION BY RANGE (at);
      CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2025-02-01');`);
    const reader = await database.client();
    await reader.query('BEGIN; SELECT count(*) FROM events');
    const detacher = await database.client({ applicationName: 'detacher' });
    const detach = detacher.query('ALTER TABLE events DETACH PARTITION events_1 CONCURRENTLY').catch((error: unknown) => error);
    const waiter = await waitForLockWaiter(database);
    await database.query('SELECT pg_cancel_backend($1)', [waiter.pid]);
    await detach;
    await reader.query('COMMIT');
    const { partitions } = await table(session, policyOf('events'));
    expect(partitions.map(({ name, isDetachPending }) => [name.name, isDetachPending])).toEqual([['events_1', true]]);
  });

  it('are read of every key type', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    await database.query(`
      CREATE TABLE days (at date NOT NULL) PARTITION BY RANGE (at);
      CREATE TABLE days_1 PARTITION OF days FOR VALUES FROM ('-infinity') TO ('2025-01-01');
      CREATE TABLE amounts (id numeric(12,2) NOT NULL) PARTITION BY RANGE (id);
      CREATE TABLE amounts_1 PARTITION OF amounts FOR VALUES FROM (-10.50) TO (1000);
      CREATE TABLE smalls (id smallint NOT NULL) PARTITION BY RANGE (id);
      CREATE TABLE smalls_1 PARTITION OF smalls FOR VALUES FROM (-5) TO (7);
      CREATE TABLE ids (id uuid NOT NULL) PARTITION BY RANGE (id);
      CREATE TABLE ids_1 PARTITION OF ids FOR VALUES FROM ('01941f29-7c00-7000-8000-000000000000') TO (MAXVALUE);
      CREATE TABLE ulids (id char(26) COLLATE "POSIX" NOT NULL) PARTITION BY RANGE (id COLLATE "C");
      CREATE TABLE ulids_1 PARTITION OF ulids FOR VALUES FROM ('01JGFJJZ000000000000000000') TO ('01JK1WEN000000000000000000');`);
    const step = { interval: parseInterval(10), name: '{table}_{from}' };
    const days = await table(session, policyOf('days'));
    const amounts = await table(session, policyOf('amounts', step));
    const smalls = await table(session, policyOf('smalls', step));
    const ids = await table(session, policyOf('ids'));
    const ulids = await table(session, policyOf('ulids', { encoding: { kind: 'ulid' } }));
    const shown = [days, amounts, smalls, ids, ulids].map(({ key, codec, partitions }) => {
      const bound = partitions[0]?.bound;
      return [key.type, key.scale, bound?.kind === 'range' ? `${codec.display(bound.from)} ${codec.display(bound.to)}` : bound];
    });
    expect(shown).toEqual([
      ['date', null, '-infinity 2025-01-01'],
      ['numeric', 2, '-10.50 1000.00'],
      ['smallint', null, '-5 7'],
      ['uuid', null, '2025-01-01T00:00:00Z MAXVALUE'],
      ['character', null, expect.stringContaining('2025-')],
    ]);
    expect(ulids.key.collation).toBe('pg_catalog."C"');
    expect(days.key.collation).toBeNull();
  });

  it('keep names apart from SQL, separators and escapes', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    const hostile = ['a"b', "c'd", 'e.f', 'g\u001eh\u001fi\u001bj', 'ü\n\t\\k', '$1; DROP TABLE x; --'];
    const schema = 's"\u001e.x';
    const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;
    await database.query(`CREATE SCHEMA ${quote(schema)}; CREATE TABLE ${quote(schema)}."Ev""ents" (at date) PARTITION BY RANGE (at)`);
    for (const [i, name] of hostile.entries()) {
      await database.query(
        `CREATE TABLE ${quote(schema)}.${quote(name)} PARTITION OF ${quote(schema)}."Ev""ents" FOR VALUES FROM ('2025-0${i + 1}-01') TO ('2025-0${i + 2}-01')`,
      );
    }
    const read = await table(session, policyOf('', { table: { schema, name: 'Ev"ents' } }));
    expect(read.partitions.map(({ name }) => name)).toEqual(hostile.map((name) => ({ schema, name })));
  });
});

describe('estimates', () => {
  it('are those of the whole subtree for a partitioned partition, and -1 before the first ANALYZE', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    await database.query(`
      CREATE TABLE events (at date NOT NULL, kind int NOT NULL) PARTITION BY RANGE (at);
      CREATE TABLE plain PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2025-02-01');
      CREATE TABLE sub PARTITION OF events FOR VALUES FROM ('2025-02-01') TO ('2025-03-01') PARTITION BY LIST (kind);
      CREATE TABLE sub_1 PARTITION OF sub FOR VALUES IN (1);
      CREATE TABLE sub_2 PARTITION OF sub FOR VALUES IN (2);
      CREATE TABLE sub_3 PARTITION OF sub DEFAULT;
      INSERT INTO events SELECT '2025-02-01', 1 + i % 2 FROM generate_series(1, 5000) AS i;`);
    const before = await table(session, policyOf('events'));
    expect(before.partitions.map(({ estimatedRows }) => estimatedRows)).toEqual([-1, -1]);
    await database.query('VACUUM ANALYZE sub_1; ');
    await database.query('VACUUM ANALYZE sub_2');
    const after = await table(session, policyOf('events'));
    const [, sub] = after.partitions;
    expect(sub?.estimatedRows).toBe(5000);
    expect(sub?.estimatedBytes).toBeGreaterThan(0);
    expect((sub?.estimatedBytes ?? 1) % 8192).toBe(0);
  });
});

describe('the cost of a snapshot', () => {
  it('is the same few queries for one table and for thirty', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    for (let i = 0; i < 30; i++) {
      await database.query(`CREATE TABLE t${i} (at date NOT NULL) PARTITION BY RANGE (at)`);
      await database.query(`CREATE TABLE t${i}_a PARTITION OF t${i} FOR VALUES FROM ('2025-03-01') TO ('2025-04-01');
        CREATE TABLE t${i}_b PARTITION OF t${i} FOR VALUES FROM ('2025-04-01') TO ('2025-05-01')`);
    }
    const policies = Array.from({ length: 30 }, (_, i) => policyOf(`t${i}`));
    await states(session, policies.slice(0, 1));
    const one = session.reads.splice(0);
    await states(session, policies);
    expect(session.reads).toEqual(one);
    expect(one).toEqual(['read-parents', 'read-partitions', 'read-relation-sizes']);
  });

  it('takes no lock on the tables that outlives a statement, and never waits for one', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    await database.query(`
      CREATE TABLE events (at date NOT NULL) PARTITION BY RANGE (at);
      CREATE TABLE ahead PARTITION OF events FOR VALUES FROM ('2025-05-01') TO ('2025-06-01');
      CREATE TABLE rest PARTITION OF events DEFAULT;
      INSERT INTO events VALUES ('2025-05-02'), ('2020-01-01');`);
    const locker = await database.client();
    await locker.query('BEGIN; LOCK TABLE ahead, rest IN ACCESS EXCLUSIVE MODE');
    const locked = await table(session, policyOf('events'));
    expect(locked.newest).toEqual({ position: null, beyondHorizon: null });
    expect(locked.defaultRows).toEqual({ count: 0, isExact: false, min: null, max: null });
    await locker.query('ROLLBACK');
    const reader = await database.client();
    await reader.query('BEGIN; SELECT count(*) FROM ONLY rest');
    const waiting = locker.query('BEGIN; LOCK TABLE rest IN ACCESS EXCLUSIVE MODE').catch((error: unknown) => error);
    await waitForLockWaiter(database);
    const behindWaiter = await table(session, policyOf('events'));
    expect(behindWaiter.defaultRows?.isExact).toBe(false);
    expect(behindWaiter.newest.position).not.toBeNull();
    await reader.query('ROLLBACK');
    await waiting;
  });
});

describe('newest data of time keys', () => {
  it('is looked for ahead of the clock only, and split at the horizon', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    await database.query(`
      CREATE TABLE events (at timestamptz NOT NULL) PARTITION BY RANGE (at);
      CREATE TABLE m3 PARTITION OF events FOR VALUES FROM ('2025-03-01+00') TO ('2025-04-01+00');
      CREATE TABLE m4 PARTITION OF events FOR VALUES FROM ('2025-04-01+00') TO ('2025-05-01+00');
      CREATE TABLE m5 PARTITION OF events FOR VALUES FROM ('2025-05-01+00') TO (MAXVALUE);
      INSERT INTO events VALUES ('2025-03-31 23:00+00');`);
    const policy = policyOf('events', { premake: 1 });
    expect((await table(session, policy)).newest).toEqual({ position: null, beyondHorizon: null });
    await database.query("INSERT INTO events VALUES ('2025-04-03 00:00+00'), ('2025-04-02 00:00+00')");
    expect((await table(session, policy)).newest).toEqual({ position: parseInstant('2025-04-03', 'UTC'), beyondHorizon: null });
    // With premake 1 the horizon is the end of May: two intervals after March.
    await database.query("INSERT INTO events VALUES ('2025-05-31 23:59:59.999999+00'), ('2025-06-01 00:00+00')");
    expect((await table(session, policy)).newest).toEqual({
      position: parseInstant('2025-05-31T23:59:59.999999Z', 'UTC'),
      beyondHorizon: parseInstant('2025-06-01', 'UTC'),
    });
  });

  it('counts rows of the default partition, with and without an index', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    await database.query(`
      CREATE TABLE events (at timestamptz) PARTITION BY RANGE (at);
      CREATE TABLE rest PARTITION OF events DEFAULT;`);
    const policy = policyOf('events', { premake: 1 });
    const empty = await table(session, policy);
    expect(empty.defaultRows).toEqual({ count: 0, isExact: true, min: null, max: null });
    await database.query("INSERT INTO events VALUES (NULL), ('2024-01-01+00'), ('2025-04-04+00'), ('2031-01-01+00')");
    const expected = {
      newest: { position: parseInstant('2025-04-04', 'UTC'), beyondHorizon: parseInstant('2031-01-01', 'UTC') },
      defaultRows: { count: 4, isExact: true, min: parseInstant('2024-01-01', 'UTC'), max: parseInstant('2031-01-01', 'UTC') },
    };
    const scanned = await table(session, policy);
    expect({ newest: scanned.newest, defaultRows: scanned.defaultRows }).toEqual(expected);
    expect(session.reads).toContain('read-default-rows-by-scan');
    await database.query('CREATE INDEX ON rest (at)');
    const indexed = await table(session, policy);
    expect({ newest: indexed.newest, defaultRows: indexed.defaultRows }).toEqual(expected);
    expect(session.reads.at(-1)).toBe('read-default-rows-by-index');
    await database.query("INSERT INTO events SELECT '2020-01-01'::timestamptz + i * interval '1 s' FROM generate_series(1, 10001) AS i");
    const max = parseInstant('2031-01-01', 'UTC');
    expect((await table(session, policy)).defaultRows).toMatchObject({ count: 10_000, isExact: false, max });
    await database.query('DROP INDEX rest_at_idx');
    expect((await table(session, policy)).defaultRows).toMatchObject({ count: 10_000, isExact: false, min: null, max: null });
    expect(session.reads.at(-1)).toBe('read-default-rows-by-scan');
  });

  it('works for uuid and ULID keys, which have no max or another cast', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    await database.query(`
      CREATE TABLE ids (id uuid NOT NULL) PARTITION BY RANGE (id);
      CREATE TABLE ids_ahead PARTITION OF ids FOR VALUES FROM ('0195ee28-2800-7000-8000-000000000000') TO (MAXVALUE);
      CREATE TABLE ids_rest PARTITION OF ids DEFAULT;
      INSERT INTO ids VALUES ('0195f34e-8400-7000-8000-0000000000aa'), ('00000000-0000-7000-8000-000000000000');
      CREATE TABLE ulids (id char(26) NOT NULL) PARTITION BY RANGE (id);
      CREATE TABLE ulids_rest PARTITION OF ulids DEFAULT;
      INSERT INTO ulids VALUES ('01JQQ60000ZZZZZZZZZZZZZZZZ');`);
    const ids = await table(session, policyOf('ids'));
    expect(ids.newest.position).toBe(0x0195f34e_8400_7000_8000_0000000000aan);
    expect(ids.defaultRows).toMatchObject({ count: 1, min: 0x7000_8000_000000000000n });
    const ulids = await table(session, policyOf('ulids', { encoding: { kind: 'ulid' } }));
    expect(ulids.defaultRows?.max).toBe(ulids.codec.parse('01JQQ60000ZZZZZZZZZZZZZZZZ'));
    expect(ulids.newest.position).toBe(ulids.defaultRows?.max);
  });
});

describe('newest data of integer keys', () => {
  const policy = policyOf('orders', { interval: parseInterval(100), name: '{table}_{from}', premake: 1 });

  it('is the greatest key of the highest partition that has rows, below however many empty ones', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    await database.query(`
      CREATE TABLE orders (id bigint NOT NULL) PARTITION BY RANGE (id);
      DO $$ BEGIN FOR i IN 0..59 LOOP
        EXECUTE format('CREATE TABLE orders_%s PARTITION OF orders FOR VALUES FROM (%s) TO (%s)', i, i * 100, i * 100 + 100);
      END LOOP; END $$;
      INSERT INTO orders VALUES (42), (117), (3333);
      DELETE FROM orders WHERE id = 3333;`);
    expect((await table(session, policy)).newest).toEqual({ position: 117n, beyondHorizon: null });
    expect(session.reads.filter((name) => name === 'read-relation-sizes').length).toBeLessThanOrEqual(3);
  });

  it('is not believed when it lies far beyond the rows below it', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    await database.query(`
      CREATE TABLE ids (id int8) PARTITION BY RANGE (id);
      CREATE TABLE ids_0 PARTITION OF ids FOR VALUES FROM (0) TO (1000);
      CREATE TABLE ids_1 PARTITION OF ids FOR VALUES FROM (1000) TO (2000);
      CREATE TABLE ids_2 PARTITION OF ids FOR VALUES FROM (2000) TO (MAXVALUE);
      INSERT INTO ids VALUES (5), (1234);`);
    const retention = { keep: parseSpan('100'), action: 'drop', grace: null, schema: null } as const;
    const watched = policyOf('ids', { interval: parseInterval('1000'), premake: 2, retention });
    const newest = async (changed: Partial<TablePolicy> = {}) => (await table(session, { ...watched, ...changed })).newest;
    expect(await newest()).toEqual({ position: 1234n, beyondHorizon: null });
    await database.query('INSERT INTO ids VALUES (5999)');
    expect(await newest()).toEqual({ position: 5999n, beyondHorizon: null });
    await database.query('INSERT INTO ids VALUES (9000000000000000000)');
    const outlier = { position: 9_000_000_000_000_000_000n, beyondHorizon: null };
    expect(await newest()).toEqual({ ...outlier, believable: 1234n });
    expect(await newest({ retention: null })).toEqual(outlier);
    const locker = await database.client();
    await locker.query('BEGIN; LOCK TABLE ids_1 IN ACCESS EXCLUSIVE MODE');
    expect(await newest()).toEqual({ ...outlier, believable: null });
    await locker.query('ROLLBACK');
    await database.query('TRUNCATE ids_0, ids_1');
    expect(await newest()).toEqual(outlier);
  });

  it('believes the default partition up to the horizon after the newest attached row', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    await database.query(`
      CREATE TABLE orders (id bigint NOT NULL) PARTITION BY RANGE (id);
      CREATE TABLE orders_0 PARTITION OF orders FOR VALUES FROM (0) TO (100);
      CREATE TABLE orders_rest PARTITION OF orders DEFAULT;
      INSERT INTO orders VALUES (50), (299), (300);`);
    const read = await table(session, policy);
    expect(read.newest).toEqual({ position: 299n, beyondHorizon: 300n });
    expect(read.defaultRows).toEqual({ count: 2, isExact: true, min: 299n, max: 300n });
  });
});

describe('obstacles', () => {
  it('name the fix', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    await database.query(`
      CREATE SCHEMA other;
      CREATE TABLE other."Revenues" (at date) PARTITION BY RANGE (at);
      CREATE TABLE plain (at date);
      CREATE VIEW seen AS SELECT 1;
      CREATE TABLE listed (at date) PARTITION BY LIST (at);
      CREATE TABLE hashed (at date) PARTITION BY HASH (at);
      CREATE TABLE wide (at date, id int) PARTITION BY RANGE (at, id);
      CREATE TABLE expressed (at timestamptz) PARTITION BY RANGE ((at AT TIME ZONE 'UTC'));
      CREATE TABLE words (word text) PARTITION BY RANGE (word);
      CREATE TABLE hours (at date) PARTITION BY RANGE (at);`);
    const names = ['revenues', 'absent', 'plain', 'seen', 'listed', 'hashed', 'wide', 'expressed', 'words'];
    const policies = [...names.map((name) => policyOf(name)), policyOf('hours', { interval: parseInterval('1 hour') })];
    const read = await states(session, policies);
    expect(read.map((state) => (state.kind === 'obstacle' ? `${state.obstacle.kind}: ${state.obstacle.message}` : 'no obstacle'))).toEqual([
      expect.stringMatching(/^not-partitioned: There is no table public\.revenues .* did you mean other\."Revenues"\?$/),
      expect.stringMatching(
        /^not-partitioned: There is no table public\.absent .* CREATE TABLE public\.absent \(\.\.\.\) PARTITION BY RANGE/,
      ),
      expect.stringMatching(/^not-partitioned: public\.plain is an ordinary table/),
      expect.stringMatching(/^not-partitioned: public\.seen is a view/),
      expect.stringMatching(/^unsupported-key: public\.listed is partitioned by LIST/),
      expect.stringMatching(/^unsupported-key: public\.hashed is partitioned by HASH/),
      expect.stringMatching(/^unsupported-key: public\.wide has a partition key of 2 columns/),
      expect.stringMatching(/^unsupported-key: public\.expressed is partitioned by an expression/),
      expect.stringMatching(/^unsupported-key: public\.words: .*ulid/),
      expect.stringMatching(/^unsupported-key: public\.hours: .*1 day or more/),
    ]);
  });

  it('are missing privileges, each with the statement that grants it', async () => {
    await using database = await createDatabase();
    const role = await database.createRole('app');
    await database.query(`
      CREATE TABLE events (at date NOT NULL) PARTITION BY RANGE (at);
      CREATE TABLE ahead PARTITION OF events FOR VALUES FROM ('2025-05-01') TO ('2025-06-01');
      INSERT INTO events VALUES ('2025-05-02');
      REVOKE ALL ON SCHEMA public FROM PUBLIC;
      CREATE SCHEMA archive;`);
    const policy = policyOf('events', { retention: { keep: parseSpan('1 month'), action: 'detach', grace: null, schema: 'archive' } });
    const fixes = async (): Promise<readonly string[]> => {
      await using session = await openSession(database, role.url);
      return (await table(session, policy)).missingPrivileges.map(({ fix }) => fix);
    };
    expect(await fixes()).toEqual([
      `ALTER TABLE public.events OWNER TO ${role.name};`,
      `GRANT USAGE, CREATE ON SCHEMA public TO ${role.name};`,
      `GRANT SELECT ON public.events TO ${role.name};`,
      `GRANT USAGE, CREATE ON SCHEMA archive TO ${role.name};`,
      `GRANT SELECT ON public.ahead TO ${role.name};`,
    ]);
    for (const fix of await fixes()) await database.query(fix);
    // Of the partition nobody spoke while the parent belonged to the same role.
    const [left, ...others] = await fixes();
    expect([left, others]).toEqual([`ALTER TABLE public.ahead OWNER TO ${role.name};`, []]);
    await database.query(left ?? '');
    expect(await fixes()).toEqual([]);
    await database.query(`REASSIGN OWNED BY "${role.name}" TO postgres; DROP OWNED BY "${role.name}"`);
  });
});

describe('what surrounds a table', () => {
  it('is told: leftover guards, foreign keys both ways, once each', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    await database.query(`
      CREATE TABLE customers (id int PRIMARY KEY);
      CREATE TABLE events (at date NOT NULL, customer int REFERENCES customers, PRIMARY KEY (at)) PARTITION BY RANGE (at);
      CREATE TABLE events_a PARTITION OF events FOR VALUES FROM ('2025-03-01') TO ('2025-04-01');
      CREATE TABLE events_rest PARTITION OF events DEFAULT;
      CREATE TABLE notes (at date REFERENCES events, kind int) PARTITION BY LIST (kind);
      CREATE TABLE notes_1 PARTITION OF notes FOR VALUES IN (1);
      ALTER TABLE events_rest ADD CONSTRAINT partitiond_guard_1 CHECK (at < '2025-04-01' OR at >= '2025-05-01') NOT VALID;
      ALTER TABLE events_rest ADD CONSTRAINT partitiondXguard_2 CHECK (true);`);
    const read = await table(session, policyOf('events'));
    expect(read.leftoverGuards).toEqual(['partitiond_guard_1']);
    expect(read.references).toEqual([{ schema: 'public', name: 'customers' }]);
    expect(read.referencedBy).toEqual([{ schema: 'public', name: 'notes' }]);
  });

  it('finds detached tables by oid and name, and tells what became of the others', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    await database.query(`
      CREATE TABLE events (at date NOT NULL) PARTITION BY RANGE (at);
      CREATE TABLE kept (at date NOT NULL); CREATE TABLE renamed (at date NOT NULL); CREATE TABLE gone (at date NOT NULL);
      CREATE TABLE back (at date NOT NULL); CREATE TABLE garbled (at date NOT NULL); CREATE TABLE leaving (at date NOT NULL);
      CREATE TABLE namesake (at date NOT NULL);
      ALTER TABLE events ATTACH PARTITION back FOR VALUES FROM ('2024-04-01') TO ('2024-05-01');
      ALTER TABLE events ATTACH PARTITION leaving FOR VALUES FROM ('2024-05-01') TO ('2024-06-01');`);
    const names = ['kept', 'renamed', 'gone', 'back', 'garbled', 'leaving', 'namesake'];
    const [parentOid = ''] = await oids(database, ['events']);
    const all = await oids(database, names);
    await database.query('DROP TABLE gone; ALTER TABLE renamed RENAME TO mine; CREATE TABLE renamed (at date)');
    const detached = names.map((name, i) => ({
      parentOid: name === 'namesake' ? '1' : parentOid,
      oid: all[i] ?? '',
      name: { schema: 'public', name },
      from: name === 'garbled' ? 'not a date' : '2024-01-01',
      to: null,
      detachedAt: BigInt(i),
      state: name === 'leaving' ? ('detaching' as const) : ('detached' as const),
      dropAfter: name === 'kept' ? 7n : null,
      origin: 'partition' as const,
    }));
    const holds = [
      { table: { schema: 'public', name: 'events' }, from: '2024-01-01', to: '2024-02-01', reason: 'audit' },
      { table: { schema: 'public', name: 'events' }, from: 'nonsense', to: null, reason: 'unreadable' },
      { table: { schema: 'public', name: 'others' }, from: null, to: null, reason: 'not ours' },
    ];
    const read = await table(session, policyOf('events'), { detached, holds });
    expect(read.detached.map(({ name, state }) => [name.name, state])).toEqual([
      ['kept', 'present'],
      ['renamed', 'changed'],
      ['gone', 'absent'],
      ['back', 'changed'],
      ['garbled', 'changed'],
    ]);
    expect(read.detached[0]).toMatchObject({ range: { from: 19_723n, to: Number.POSITIVE_INFINITY }, dropAfter: 7n });
    expect(read.holds).toEqual([
      { range: { from: 19_723n, to: 19_754n }, reason: 'audit' },
      { range: null, reason: 'unreadable' },
    ]);
  });
});
