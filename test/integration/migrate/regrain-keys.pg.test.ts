import type pg from 'pg';
import { describe, expect, it } from 'vitest';
import { renderExchange } from '../../../src/ddl/migration/regrain/exchange.ts';
import { plannedKeys } from '../../../src/ddl/migration/regrain/keys/present-keys.ts';
import { ConnectionError } from '../../../src/errors.ts';
import type { Engine } from '../../../src/migrate/engine.ts';
import { keyed, readMembersAndKeys } from '../../../src/migrate/regrain/keys/read-present-keys.ts';
import { readDrainPlan } from '../../../src/migrate/regrain/read-drain-plan.ts';
import { readRegrainPlan } from '../../../src/migrate/regrain/read-regrain-plan.ts';
import { isRegrain } from '../../../src/migrate/regrain/regrain-engine.ts';
import type { PlannedMigration } from '../../../src/migrate/run/begin-migration.ts';
import { reloadRecord } from '../../../src/migrate/save.ts';
import { abort } from '../../../src/migrate/switch/abort.ts';
import { switchOver } from '../../../src/migrate/switch/switch-over.ts';
import { parseInterval } from '../../../src/partition/interval.ts';
import { explainMigration } from '../../../src/plan/migration/explain-migration.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { migrationTable, realEngine } from '../../support/migrate/real-engine.ts';
import { named } from '../../support/model.ts';
import { noAbort, openSession } from '../../support/open-session.ts';
import { chosenMajor } from '../../support/postgres-binaries.ts';
import { waitFor } from '../../support/wait-for.ts';

const policy = migrationTable({ table: named('revenues'), name: '{table}_{yyyy}_q{q}', defaultPartition: 'managed' });

/** Two years, of which 2025 is cut, and three keys of different kinds; each account has ten rows, and each organization. */
async function createRevenues(database: TestDatabase): Promise<void> {
  await database.query(`
    CREATE TABLE organizations (id integer PRIMARY KEY);
    CREATE TABLE accounts (id integer PRIMARY KEY);
    CREATE TABLE kinds (id integer PRIMARY KEY);
    INSERT INTO organizations SELECT generate_series(0, 499);
    INSERT INTO accounts SELECT generate_series(0, 499);
    INSERT INTO kinds SELECT generate_series(0, 9);
    CREATE TABLE revenues (
      id bigint, organization_id integer CONSTRAINT of_organization REFERENCES organizations ON DELETE CASCADE ON UPDATE CASCADE,
      account_id integer NOT NULL, kind_id integer, at timestamptz, PRIMARY KEY (id, at),
      CONSTRAINT of_account FOREIGN KEY (account_id) REFERENCES accounts,
      CONSTRAINT "of kind" FOREIGN KEY (kind_id) REFERENCES kinds ON DELETE SET NULL DEFERRABLE
    ) PARTITION BY RANGE (at);
    CREATE TABLE revenues_2024 PARTITION OF revenues FOR VALUES FROM ('2024-01-01Z') TO ('2025-01-01Z');
    CREATE TABLE revenues_2025 PARTITION OF revenues FOR VALUES FROM ('2025-01-01Z') TO ('2026-01-01Z');
    INSERT INTO revenues SELECT n, n % 500, (n + 250) % 500, n % 10, '2024-10-01Z'::timestamptz + n * interval '2 hours' FROM generate_series(0, 4999) AS n;
    CREATE TABLE ledger AS TABLE revenues;
    CREATE INDEX ON ledger (id);
    ANALYZE revenues`);
}

async function splitting(database: TestDatabase): Promise<PlannedMigration> {
  await using session = await openSession(database);
  const request = { partitions: [named('revenues_2025')], interval: parseInterval('3 months') };
  return await readRegrainPlan(session, policy, request, BigInt(Date.now()) * 1000n, noAbort);
}

/** An application with a ledger; each round deletes what is referenced with what references it, in every way, and writes anew. */
class Application {
  readonly #client: pg.Client;
  readonly errors: string[] = [];
  #round: number;

  constructor(client: pg.Client, first: number) {
    this.#client = client;
    this.#round = first;
  }

  /** Two at once must not come to be 250 rounds apart from one another, or they delete the same rows. */
  static async start(database: TestDatabase, first = 0): Promise<Application> {
    const client = await database.client({ applicationName: 'test:application' });
    await client.query(`SET statement_timeout = '10s'`);
    return new Application(client, first);
  }

  /** Writes all the time, beside whatever holds locks, until `isOver`; at most 30 rounds, so as not to run away from another one. */
  async writeOn(isOver: () => boolean): Promise<void> {
    for (let n = 0; n < 30 && !isOver(); n += 1) {
      await this.write().catch(async (error: unknown) => {
        this.errors.push(String(error));
        // After a test that has failed the session is gone.
        await this.#client.query('ROLLBACK').catch(() => undefined);
      });
    }
  }

  async write(isolation = 'READ COMMITTED'): Promise<void> {
    this.#round += 1;
    const n = this.#round;
    const fresh = 10_000 + n;
    await this.#client.query(`
      BEGIN ISOLATION LEVEL ${isolation};
      DELETE FROM ledger WHERE organization_id = ${n}; DELETE FROM organizations WHERE id = ${n};
      DELETE FROM ledger WHERE account_id = ${n};
      WITH gone AS (DELETE FROM revenues WHERE account_id = ${n}) DELETE FROM accounts WHERE id = ${n};
      COMMIT;
      BEGIN ISOLATION LEVEL ${isolation};
      INSERT INTO organizations VALUES (${fresh}); INSERT INTO accounts VALUES (${fresh});
      WITH made AS (INSERT INTO revenues
        SELECT ${fresh} * 10 + i, ${fresh}, ${fresh}, i, '2024-12-20Z'::timestamptz + i * interval '25 days' FROM generate_series(0, 9) AS i RETURNING *)
      INSERT INTO ledger TABLE made;
      COMMIT;
      BEGIN ISOLATION LEVEL ${isolation};
      UPDATE revenues SET at = at + interval '30 days', kind_id = NULL WHERE account_id = ${fresh} AND id % 2 = 0;
      UPDATE ledger SET at = at + interval '30 days', kind_id = NULL WHERE account_id = ${fresh} AND id % 2 = 0;
      UPDATE organizations SET id = ${-n} WHERE id = ${fresh}; UPDATE ledger SET organization_id = ${-n} WHERE organization_id = ${fresh};
      COMMIT`);
  }
}

/** The engine with `before` called ahead of each of its transactions, while it has none open. */
function halting(engine: Engine, before: (first: string) => Promise<void>): Engine {
  const { session } = engine;
  return {
    ...engine,
    session: {
      pid: session.pid,
      rows: (...given) => session.rows(...given),
      execute: (...given) => session.execute(...given),
      complete: async (statements, signal) => {
        if (statements[0] === 'BEGIN') await before('attempt');
        else if (statements.length > 1) await before('step');
        await session.complete(statements, signal);
      },
      transaction: async (body, signal) => {
        await before('step');
        return await session.transaction(body, signal);
      },
      onLost: (listener) => session.onLost(listener),
      onNotice: (listener) => session.onNotice(listener),
      close: () => session.close(),
    },
  };
}

async function lost(database: TestDatabase): Promise<readonly unknown[]> {
  return await database.query(
    `SELECT 'lost' AS what, l.id FROM (TABLE ledger EXCEPT ALL TABLE revenues) AS l UNION ALL SELECT 'ghost', t.id FROM (TABLE revenues EXCEPT ALL TABLE ledger) AS t`,
  );
}

/** Whatever hangs on the table and its partitions and does not say which partition it is of. */
async function shape(database: TestDatabase): Promise<readonly unknown[]> {
  return await database.query(`
    SELECT i.inhrelid::regclass::text AS name, c.relhastriggers AS triggered,
      (SELECT array_agg(concat_ws(' ', k.conname, k.convalidated, k.condeferrable, k.condeferred, k.conparentid <> 0, pg_get_constraintdef(k.oid)) ORDER BY k.conname)
       FROM pg_constraint AS k WHERE k.conrelid = c.oid AND k.contype = 'f') AS keys,
      (SELECT array_agg(concat_ws(' ', t.tgfoid::regproc, t.tgtype, t.tgenabled, t.tgdeferrable, t.tginitdeferred, t.tgconstrrelid::regclass) ORDER BY t.tgconstrrelid::regclass::text, t.tgtype)
       FROM pg_trigger AS t WHERE t.tgrelid = c.oid) AS triggers,
      (SELECT count(*) FROM pg_rewrite AS r WHERE r.ev_class = c.oid) AS rules
    FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid WHERE i.inhparent = 'revenues'::regclass ORDER BY 1`);
}

/** Triggers of foreign keys on what the table references, and anything that the migration should have taken away. */
async function traces(database: TestDatabase): Promise<readonly unknown[]> {
  return await database.query(`
    SELECT t.tgrelid::regclass || ' ' || t.tgconstrrelid::regclass AS trace FROM pg_trigger AS t
    WHERE t.tgconstrrelid <> 0 AND t.tgrelid IN ('organizations'::regclass, 'accounts'::regclass, 'kinds'::regclass)
    UNION ALL SELECT r.rulename FROM pg_rewrite AS r WHERE r.rulename ~ '^partitiond'
    UNION ALL SELECT p.proname || ' is dual' FROM pg_proc AS p WHERE p.proname ~ '^capture_' AND p.proconfig::text ~ 'partitiond.migration='
    UNION ALL SELECT p.proname || ' is open' FROM pg_proc AS p WHERE p.proname ~ '^guard_' AND p.prosrc ~ 'trigger_depth' ORDER BY 1`);
}

const own = ['accounts', 'accounts', 'kinds', 'kinds', 'organizations', 'organizations'].map((of) => ({ trace: `${of} revenues` }));

describe('re-graining partitions of a table with foreign keys', () => {
  it('disturbs nobody who deletes what is referenced, ATTACH reads no row, and back and forth all keys are as they were', async () => {
    await using database = await createDatabase();
    await createRevenues(database);
    const before = await shape(database);
    const application = await Application.start(database);
    const decided = await splitting(database);
    const told = explainMigration(decided.plan).join('\n');
    expect(told).toContain('For that time each write of public.revenues is also made in the copy');
    expect(told).toContain('Validate them, so that no row is read in the switch');
    await using run = await realEngine(database, policy, decided);
    await run.start();
    const { engine } = run;
    const said: string[] = [];
    let steps = 0;
    const beside = await Application.start(database, 120);
    const turn = async (isRehearsal: boolean): Promise<void> => {
      const state = { isOver: false };
      const writing = beside.writeOn(() => state.isOver);
      await switchOver(
        halting(engine, async (what) => {
          steps += 1;
          await application.write(steps % 3 === 0 ? 'REPEATABLE READ' : 'READ COMMITTED');
          if (what === 'attempt') said.push(...(await exchanged(database, engine)));
        }),
        isRehearsal,
        noAbort,
      );
      state.isOver = true;
      await writing;
      expect(beside.errors).toEqual([]);
      await reloadRecord(engine, noAbort);
      expect(await traces(database)).toEqual(own);
      expect(await lost(database)).toEqual([]);
      await application.write();
      await run.verify();
      expect(engine.record.verdict).toMatchObject({ mismatches: 0, differences: [] });
    };
    await turn(true);
    expect(await shape(database)).toMatchObject([{ name: 'revenues_2024' }, { name: 'revenues_2025' }]);
    await turn(false);
    await turn(false);
    expect(engine.record).toMatchObject({ phase: 'ready', live: 'source' });
    await turn(false);
    await run.finish();
    expect(steps).toBeGreaterThan(30);
    // An attempt that found a lock taken is made again.
    expect(said.length).toBeGreaterThanOrEqual(4);
    expect(new Set(said)).toEqual(new Set(['no scan']));
    const [undisturbed] = before;
    const after = await shape(database);
    expect(after).toHaveLength(5);
    expect(after.map((partition) => ({ ...Object(partition), name: '' }))).toEqual(after.map(() => ({ ...Object(undisturbed), name: '' })));
    expect(await traces(database)).toEqual(own);
    expect(await lost(database)).toEqual([]);
    expect(await database.query(`SELECT conname FROM pg_constraint WHERE conrelid = 'revenues_2025'::regclass AND contype = 'f'`)).toEqual(
      [],
    );
  });

  it('takes keys and double writes away when it is given up, and after a kill before anything is replayed', async () => {
    await using database = await createDatabase();
    await createRevenues(database);
    const application = await Application.start(database);
    const decided = await splitting(database);
    {
      await using run = await realEngine(
        database,
        { ...policy, migration: { ...policy.migration, switchover: { ...policy.migration.switchover, deadlineMs: 0 } } },
        decided,
      );
      await run.start();
      const reader = await database.client();
      await reader.query('BEGIN; SELECT FROM revenues LIMIT 1');
      await expect(switchOver(run.engine, false, noAbort)).rejects.toMatchObject({ code: 'PD640' });
      await reader.query('ROLLBACK');
      expect(await traces(database)).toEqual(own);
      await application.write();
      const killed = switchOver(
        halting(run.engine, async (what) => {
          if (what === 'attempt') await database.query('SELECT pg_terminate_backend($1, 5000)', [run.engine.session.pid]);
        }),
        false,
        noAbort,
      );
      await expect(killed).rejects.toBeInstanceOf(ConnectionError);
    }
    expect(await traces(database)).toEqual(expect.arrayContaining([{ trace: 'accounts revenues_2025_q1' }, ...own]));
    expect(await traces(database)).toEqual(
      expect.arrayContaining([expect.objectContaining({ trace: expect.stringContaining('is dual') })]),
    );
    await application.write();
    await application.write('REPEATABLE READ');
    await using run = await realEngine(database, policy, decided);
    await run.start();
    expect(await traces(database)).toEqual(own);
    await run.turn();
    await application.write();
    await run.verify();
    expect(await lost(database)).toEqual([]);
    await run.turn();
    await abort(run.engine, noAbort);
    expect(await traces(database)).toEqual(own);
    expect(await shape(database)).toMatchObject([
      { name: 'revenues_2024', rules: '0' },
      { name: 'revenues_2025', rules: '0' },
    ]);
  });

  it('fails nobody when it is aborted right after a kill, and leaves nothing behind when it is finished after one and without its log', async () => {
    await using database = await createDatabase();
    await createRevenues(database);
    const application = await Application.start(database);
    const first = await splitting(database);
    {
      await using run = await realEngine(database, policy, first);
      await run.start();
      await killTight(database, run.engine);
    }
    {
      await using run = await realEngine(database, policy, first);
      await abort(
        halting(run.engine, () => application.write()),
        noAbort,
      );
    }
    expect(await traces(database)).toEqual(own);
    const second = await splitting(database);
    {
      await using run = await realEngine(database, policy, second);
      await run.start();
      await run.turn();
      await run.verify();
      await killTight(database, run.engine);
      await database.query(`DROP TABLE partitiond.capture_${run.engine.id} CASCADE`);
    }
    await using run = await realEngine(database, policy, second);
    await run.finish();
    expect(await traces(database)).toEqual(own);
    expect(await database.query(`SELECT conname FROM pg_constraint WHERE conrelid = 'revenues_2025'::regclass AND contype = 'f'`)).toEqual(
      [],
    );
  });

  it('writes only the table again after a kill, although somebody has changed it and everything else stands still', async () => {
    await using database = await createDatabase();
    await createRevenues(database);
    const decided = await splitting(database);
    {
      await using run = await realEngine(database, policy, decided);
      await run.start();
      await killTight(database, run.engine);
    }
    await database.query('ALTER TABLE revenues DROP COLUMN kind_id');
    await using run = await realEngine(database, policy, decided);
    await expect(run.start()).rejects.toMatchObject({ message: expect.stringContaining('is paused') });
    await database.query(`INSERT INTO revenues VALUES (10001, 1, 1, '2025-05-05Z')`);
    expect(await traces(database)).toEqual(own.filter(({ trace }) => !trace.startsWith('kinds')));
  });

  it('refuses keys that are not of the table alone, by name', async () => {
    await using database = await createDatabase();
    await createRevenues(database);
    await database.query(`
      CREATE TABLE regions (id text, at timestamptz, account_id integer CONSTRAINT of_account REFERENCES accounts, PRIMARY KEY (id, at))
        PARTITION BY LIST (id);
      DROP TABLE revenues;
      CREATE TABLE revenues PARTITION OF regions FOR VALUES IN ('eu') PARTITION BY RANGE (at);
      CREATE TABLE revenues_2025 PARTITION OF revenues FOR VALUES FROM ('2025-01-01Z') TO ('2026-01-01Z');
      CREATE TABLE refunds (id text, at timestamptz, CONSTRAINT of_revenue FOREIGN KEY (id, at) REFERENCES regions);
      CREATE TABLE notes (id text, at timestamptz, CONSTRAINT of_some FOREIGN KEY (id, at) REFERENCES revenues);
      CREATE TABLE "some notes" (id text, at timestamptz, CONSTRAINT of_some FOREIGN KEY (id, at) REFERENCES revenues_2025)`);
    const { plan } = await splitting(database);
    expect(plan.spec).toBeNull();
    expect(plan.refusals.map(({ subject }) => subject).toSorted()).toEqual([
      'foreign key of_account of public.regions',
      'foreign key of_revenue of public.refunds',
      'foreign key of_some of public."some notes"',
    ]);
  });

  it('drops and adds the keys of other tables in the switch, validates them behind it, and tells rows that keep it from that', async () => {
    await using database = await createDatabase();
    await createRevenues(database);
    await database.query(`
      CREATE TABLE refunds (id integer, revenue_id bigint, at timestamptz, CONSTRAINT of_revenue FOREIGN KEY (revenue_id, at) REFERENCES revenues ON DELETE CASCADE);
      COMMENT ON CONSTRAINT of_revenue ON refunds IS 'of what was earned';
      INSERT INTO refunds SELECT id, id, at FROM revenues WHERE id % 7 = 0`);
    const keys = (): Promise<readonly unknown[]> =>
      database.query(
        `SELECT conname, convalidated, pg_get_constraintdef(oid) AS definition, obj_description(oid, 'pg_constraint') AS comment FROM pg_constraint WHERE conrelid = 'refunds'::regclass AND contype = 'f' AND conparentid = 0`,
      );
    const before = await keys();
    await using run = await realEngine(database, policy, await splitting(database));
    await run.start();
    for (let n = 0; n < 3; n += 1) {
      await run.turn();
      await run.verify();
      expect(await keys()).toEqual(before);
      await expect(database.query(`INSERT INTO refunds VALUES (1, -1, '2025-02-02Z')`)).rejects.toMatchObject({ code: '23503' });
      await database.query(`DELETE FROM revenues WHERE id = ${3500 + n * 7}; DELETE FROM ledger WHERE id = ${3500 + n * 7}`);
      expect(await database.query(`SELECT FROM refunds WHERE revenue_id = ${3500 + n * 7}`)).toEqual([]);
    }
    await run.verify();
    await database.query(`CREATE TABLE late (id bigint, at timestamptz, CONSTRAINT late_key FOREIGN KEY (id, at) REFERENCES revenues)`);
    await expect(run.turn()).rejects.toThrow(/PD642|knows nothing of foreign key late_key of public\.late/);
    await database.query(`
      DROP TABLE late;
      ALTER TABLE refunds DROP CONSTRAINT of_revenue, ADD CONSTRAINT of_revenue FOREIGN KEY (revenue_id, at) REFERENCES revenues ON DELETE RESTRICT`);
    await expect(run.turn()).rejects.toThrow(/PD642|knows nothing of foreign key of_revenue of public\.refunds/);
    await database.query(`
      ALTER TABLE refunds DROP CONSTRAINT of_revenue, ADD CONSTRAINT of_revenue FOREIGN KEY (revenue_id, at) REFERENCES revenues ON DELETE CASCADE;
      COMMENT ON CONSTRAINT of_revenue ON refunds IS 'of what was earned'`);
    await run.finish();
    expect(await keys()).toEqual(before);
    expect(await lost(database)).toEqual([]);
  });

  it('sends subscribers of the table what is written, and no row that is copied', async () => {
    await using database = await createDatabase();
    await createRevenues(database);
    const setting = await database.query<{ level: string }>(`SELECT current_setting('wal_level') AS level`);
    await database.query(`CREATE PUBLICATION sends FOR TABLE revenues; CREATE PUBLICATION everything FOR ALL TABLES`);
    const refused = async (of = policy): Promise<readonly string[]> => {
      await using session = await openSession(database);
      const request = { partitions: [named('revenues_2025')], interval: parseInterval('3 months') };
      const { plan } = await readRegrainPlan(session, of, request, BigInt(Date.now()) * 1000n, noAbort);
      return plan.refusals.map(({ subject, waiver }) => `${subject} ${waiver ?? ''}`.trim());
    };
    if (chosenMajor() === 14) {
      expect(await refused()).toEqual(['publication everything', 'publication sends']);
      return;
    }
    expect(await refused()).toEqual(['publication everything', 'publication sends publication']);
    await database.query('DROP PUBLICATION everything; CREATE PUBLICATION one FOR TABLE revenues_2025');
    expect(await refused({ ...policy, migration: { ...policy.migration, waive: ['publication'] } })).toEqual(['publication one']);
    await database.query('DROP PUBLICATION one; ALTER PUBLICATION sends SET (publish_via_partition_root = true)');
    expect(await refused()).toEqual([]);
    expect(setting).toEqual([{ level: 'logical' }]);
    await database.query(`SELECT pg_create_logical_replication_slot('sent', 'pgoutput')`);
    await using run = await realEngine(database, policy, await splitting(database));
    await run.start();
    await database.query(`UPDATE revenues SET kind_id = 9 WHERE id = 4000`);
    await run.turn();
    await database.query(`UPDATE revenues SET kind_id = 8 WHERE id = 4001`);
    await run.verify();
    // What a commit without waiting has not flushed is not decoded.
    await database.query(`SET synchronous_commit = on; UPDATE kinds SET id = id WHERE id = 1`);
    const changes = await database.query<{ kind: string; value: string }>(`
      SELECT chr(get_byte(data, 0)) AS kind, encode(data, 'escape') AS value
      FROM pg_logical_slot_get_binary_changes('sent', NULL, NULL, 'proto_version', '1', 'publication_names', 'sends')
      WHERE chr(get_byte(data, 0)) IN ('I', 'U', 'D', 'T')`);
    expect(changes).toEqual([
      { kind: 'U', value: expect.stringContaining('4000') },
      { kind: 'U', value: expect.stringContaining('4001') },
    ]);
    await database.query(`SELECT pg_drop_replication_slot('sent')`);
  });

  it('drains a default partition of rows that reference others', async () => {
    await using database = await createDatabase();
    await createRevenues(database);
    await database.query(`
      ALTER TABLE revenues DETACH PARTITION revenues_2025; DROP TABLE revenues_2025;
      CREATE TABLE revenues_default PARTITION OF revenues DEFAULT;
      INSERT INTO revenues TABLE ledger ON CONFLICT DO NOTHING`);
    const application = await Application.start(database);
    await using session = await openSession(database);
    const decided = await readDrainPlan(session, policy, 1_780_000_000_000_000n, noAbort);
    await using run = await realEngine(database, policy, decided);
    await run.start();
    for (let n = 0; n < 2; n += 1) {
      await switchOver(
        halting(run.engine, () => application.write()),
        false,
        noAbort,
      );
      await reloadRecord(run.engine, noAbort);
      await run.verify();
      expect(await lost(database)).toEqual([]);
      expect(await traces(database)).toEqual(own);
    }
    await run.turn();
    await run.finish(true);
    const partitions = await shape(database);
    expect(new Set(partitions.map((partition) => JSON.stringify({ ...Object(partition), name: '' }))).size).toBe(1);
  });
});

/** A switch whose process is gone between the last key and the first attempt. */
async function killTight(database: TestDatabase, engine: Engine): Promise<void> {
  const killed = switchOver(
    halting(engine, async (what) => {
      if (what === 'attempt') await database.query('SELECT pg_terminate_backend($1, 5000)', [engine.session.pid]);
    }),
    false,
    noAbort,
  );
  await expect(killed).rejects.toBeInstanceOf(ConnectionError);
  expect((await traces(database)).length).toBeGreaterThan(own.length);
}

/** What the exchange of just now would do with the keys, tried and taken back. */
async function exchanged(database: TestDatabase, engine: Engine): Promise<readonly string[]> {
  if (!isRegrain(engine)) throw new Error('it is about partitions');
  await using session = await openSession(database);
  const { members, present } = await readMembersAndKeys({ ...engine, session }, noAbort);
  const isForward = engine.record.live === 'source';
  const [leaving, coming] = isForward ? [members.sources, members.targets] : [members.targets, members.sources];
  const exchange = {
    id: engine.id,
    spec: engine.spec,
    leaving: leaving.map((one) => ({ ...keyed(one, present), hasGuard: one.triggers.some((name) => name.includes('guard')) })),
    coming: coming.map((one) => keyed(one, present)),
    keys: plannedKeys(engine.spec, present),
  };
  const client = await database.client();
  const said: string[] = [];
  client.on('notice', ({ message }) => said.push(message ?? ''));
  // Beside writers, and not to be in a deadlock with them.
  const tried = `BEGIN; SET LOCAL lock_timeout = '100ms'; SET LOCAL client_min_messages = debug1; ${renderExchange(exchange, 'partitiond').join(';')}`;
  await waitFor(
    'the locks of an exchange',
    async () => {
      said.length = 0;
      const refusal = await client.query(tried).then(
        () => null,
        (error: unknown) => error,
      );
      await client.query('ROLLBACK');
      return refusal;
    },
    (refusal) => refusal === null,
  );
  await client.end();
  const scans = said.filter((message) => /validating foreign key|verifying table|building index/.test(message));
  expect(said.filter((message) => message.includes('is implied')).length).toBeGreaterThan(0);
  return scans.length === 0 ? ['no scan'] : scans;
}
