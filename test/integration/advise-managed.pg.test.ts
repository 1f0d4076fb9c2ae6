import { describe, expect, it } from 'vitest';
import { adviseManaged } from '../../src/advise/advise-managed.ts';
import type { ManagedAdvice } from '../../src/advise/database-advice.ts';
import { parseInterval } from '../../src/partition/interval.ts';
import type { DatabasePolicy, TablePolicy } from '../../src/partition/policy.ts';
import type { TableAdvice } from '../../src/plan/advice/table-advice.ts';
import { systemClock } from '../../src/postgres/clock.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { noAbort, openSession } from '../support/open-session.ts';
import { keep, policyOf, reconcile, testSafety } from '../support/reconcile.ts';
import { waitForLockWaiter } from '../support/wait-for-lock.ts';

const hour = parseInterval('1 hour');

/** The last 60 whole days, each with 2,000 rows but `t_0`, the oldest, which is empty, and `t_30`, which has three times as many. */
async function createDaily(database: TestDatabase): Promise<void> {
  await database.query(`
    CREATE TABLE public.t (id int8 NOT NULL, at timestamptz NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
    CREATE INDEX ON public.t (at);
    DO $$
    DECLARE
      today timestamptz := date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC';
    BEGIN
      FOR i IN 0..60 LOOP
        EXECUTE format('CREATE TABLE public.t_%s PARTITION OF public.t FOR VALUES FROM (%L) TO (%L)', i,
          today - (60 - i) * interval '24 hours', today - (59 - i) * interval '24 hours');
      END LOOP;
      FOR i IN 1..59 LOOP
        INSERT INTO public.t
        SELECT g, today - (60 - i) * interval '24 hours' FROM generate_series(1, CASE WHEN i = 30 THEN 6000 ELSE 2000 END) AS g;
      END LOOP;
    END $$;
    ANALYZE public.t`);
}

async function advise(
  database: TestDatabase,
  policies: readonly TablePolicy[],
  tables: readonly TablePolicy[] | null = null,
): Promise<readonly ManagedAdvice[]> {
  await using session = await openSession(database);
  const policy: DatabasePolicy = {
    name: 'app',
    connection: { kind: 'url', url: database.url },
    journalSchema: 'partitiond',
    probeRole: null,
    tables: policies,
  };
  const request = { tables: tables?.map(({ table }) => table) ?? null, safety: testSafety, clock: systemClock };
  return await adviseManaged(session, policy, request, noAbort);
}

async function adviseDaily(database: TestDatabase, overrides: Partial<TablePolicy> = {}): Promise<TableAdvice> {
  const [found] = await advise(database, [policyOf('t', { interval: parseInterval('1 day'), ...overrides })]);
  if (found === undefined || found.advice === null) throw new Error(`there is no advice: ${found?.error}`);
  return found.advice;
}

async function sizeOf(database: TestDatabase, relation: string): Promise<number> {
  const [row] = await database.query<{ size: string }>('SELECT pg_total_relation_size($1::regclass) AS size', [relation]);
  return Number(row?.size);
}

describe('advice on managed tables', () => {
  it('has the sizes and rows that PostgreSQL has', async () => {
    await using database = await createDatabase();
    await createDaily(database);
    const advice = await adviseDaily(database);
    const usual = await sizeOf(database, 'public.t_7');
    expect(advice.closedPartitions).toBe(59);
    expect(advice.bytesPerInterval).toBe(usual);
    expect(advice.rowsPerInterval).toBe(2000);
    expect(advice.skew).toBeCloseTo((await sizeOf(database, 'public.t_30')) / usual);
    expect(advice.growth?.bytesPerDay).toBeCloseTo(usual, 0);
    expect(advice.growth?.season).toBeNull();
    const [total] = await database.query<{ size: string }>(
      `SELECT sum(pg_total_relation_size(i.inhrelid)) AS size FROM pg_inherits AS i WHERE i.inhparent = 'public.t'::regclass`,
    );
    expect(advice.growth?.forecast.map(({ days }) => days)).toEqual([7, 30, 90]);
    for (const { days, bytes } of advice.growth?.forecast ?? []) expect(bytes).toBeCloseTo(Number(total?.size) + days * usual, -3);
  });

  it('forecasts less what retention takes, but for what is on hold', async () => {
    await using database = await createDatabase();
    await createDaily(database);
    const policy = policyOf('t', { interval: parseInterval('1 day'), retention: keep('70 days') });
    await reconcile(database, [policy]);
    const usual = await sizeOf(database, 'public.t_7');
    const at90 = (advice: TableAdvice): number => advice.growth?.forecast.at(-1)?.bytes ?? 0;
    const free = at90(await adviseDaily(database, { retention: keep('70 days') }));
    expect(free / usual).toBeGreaterThan(69);
    expect(free / usual).toBeLessThan(73);
    await database.query(`INSERT INTO partitiond.hold (table_schema, table_name, reason, who) VALUES ('public', 't', 'legal', 'test')`);
    expect(at90(await adviseDaily(database, { retention: keep('70 days') }))).toBeGreaterThan(free + 30 * usual);
  });

  it('counts the locks that a statement really takes', async () => {
    await using database = await createDatabase();
    await createDaily(database);
    await database.query(`
      CREATE TABLE public.s (id int8 NOT NULL, at timestamptz NOT NULL, kind int4 NOT NULL) PARTITION BY RANGE (at);
      CREATE INDEX ON public.s (id);
      CREATE TABLE public.s_1 PARTITION OF public.s FOR VALUES FROM ('2020-01-01Z') TO ('2020-02-01Z') PARTITION BY LIST (kind);
      CREATE TABLE public.s_1_a PARTITION OF public.s_1 FOR VALUES IN (1);
      CREATE TABLE public.s_1_b PARTITION OF public.s_1 FOR VALUES IN (2);
      CREATE INDEX ON public.s_1_b (kind);
      CREATE TABLE public.s_2 PARTITION OF public.s FOR VALUES FROM ('2020-02-01Z') TO ('2020-03-01Z')`);
    for (const [name, interval] of [
      ['t', parseInterval('1 day')],
      ['s', parseInterval('1 month')],
    ] as const) {
      const [found] = await advise(database, [policyOf(name, { interval })]);
      const client = await database.client();
      await client.query(`BEGIN; SELECT count(*) FROM public.${name} WHERE id > 5`);
      const locks = await client.query<{ count: number }>(
        `SELECT count(*)::int4 AS count FROM pg_locks AS l JOIN pg_class AS c ON c.oid = l.relation JOIN pg_namespace AS n ON n.oid = c.relnamespace
         WHERE l.pid = pg_backend_pid() AND l.locktype = 'relation' AND n.nspname = 'public'`,
      );
      await client.query('ROLLBACK');
      expect(found?.advice?.locks.needed, name).toBe(locks.rows[0]?.count);
    }
    const [settings] = await database.query<{ available: number }>(
      `SELECT current_setting('max_locks_per_transaction')::int4 * (current_setting('max_connections')::int4 + current_setting('max_prepared_transactions')::int4) AS available`,
    );
    const { locks } = await adviseDaily(database);
    expect(locks.available).toBe(settings?.available);
    expect(locks.needed).toBeLessThan(locks.available);
  });

  it('neither waits for a partition that is locked away nor stands in the way, and takes its estimate', async () => {
    await using database = await createDatabase();
    await createDaily(database);
    const free = await adviseDaily(database);
    const [pages] = await database.query<{ bytes: number }>(
      `SELECT relpages * current_setting('block_size')::int4 AS bytes FROM pg_class WHERE oid = 'public.t_30'::regclass`,
    );
    const holder = await database.client({ applicationName: 'holder' });
    const waiter = await database.client({ applicationName: 'waiter' });
    await holder.query('BEGIN; LOCK TABLE public.t_30 IN ACCESS EXCLUSIVE MODE');
    const locked = await adviseDaily(database);
    expect(locked.closedPartitions).toBe(59);
    expect(locked.skew).toBeLessThan(free.skew ?? 0);
    expect((locked.skew ?? 0) * (locked.bytesPerInterval ?? 0)).toBeCloseTo(Math.max(pages?.bytes ?? 0, free.bytesPerInterval ?? 0));
    await holder.query('ROLLBACK; BEGIN; SELECT FROM public.t_30 LIMIT 0');
    const lock = waiter.query('BEGIN; LOCK TABLE public.t_30 IN ACCESS EXCLUSIVE MODE');
    await waitForLockWaiter(database, ({ applicationName }) => applicationName === 'waiter');
    expect((await adviseDaily(database)).skew).toBe(locked.skew);
    await holder.query('ROLLBACK');
    await lock;
    await waiter.query('ROLLBACK');
    expect((await adviseDaily(database)).skew).toBe(free.skew);
  });

  it('says what is wrong with one table and goes on with the others, in the order of the policy', async () => {
    await using database = await createDatabase();
    await createDaily(database);
    await database.query(`
      CREATE TABLE public.plain (at timestamptz NOT NULL);
      CREATE TABLE public.n (id int8 NOT NULL) PARTITION BY RANGE (id);
      CREATE TABLE public.n_0 PARTITION OF public.n FOR VALUES FROM (0) TO (1000)`);
    const policies = [policyOf('plain'), policyOf('n', { interval: hour }), policyOf('gone'), policyOf('t', { interval: hour })];
    const found = await advise(database, policies);
    expect(found.map(({ table, advice }) => [table.name, advice !== null])).toEqual([
      ['plain', false],
      ['n', false],
      ['gone', false],
      ['t', true],
    ]);
    expect(found[0]?.error).toContain('plain');
    expect(found[1]?.error).toContain('the interval 1 hour is calendar time, but the key is a number');
    expect(found[2]?.error).toContain('gone');
    expect((await advise(database, policies, policies.slice(2, 4))).map(({ table }) => table.name)).toEqual(['gone', 't']);
    expect(await advise(database, policies, [policyOf('other')])).toEqual([]);
  });

  it('has no forecast for an integer key, but sizes and another interval', async () => {
    await using database = await createDatabase();
    await database.query(`
      CREATE TABLE public.n (id int8 NOT NULL) PARTITION BY RANGE (id);
      DO $$ BEGIN
        FOR i IN 0..19 LOOP
          EXECUTE format('CREATE TABLE public.n_%s PARTITION OF public.n FOR VALUES FROM (%s) TO (%s)', i, i * 1000, (i + 1) * 1000);
        END LOOP;
      END $$;
      INSERT INTO public.n SELECT generate_series(0, 19500);
      ANALYZE public.n`);
    const [found] = await advise(database, [policyOf('n', { interval: parseInterval(1000) })]);
    expect(found?.advice).toMatchObject({ axis: 'integer', closedPartitions: 19, rowsPerInterval: 1000, growth: null, skew: 1 });
    expect(found?.advice?.bytesPerInterval).toBe(await sizeOf(database, 'public.n_5'));
    expect(found?.advice?.interval?.interval.kind).toBe('integer');
  });
});
