import type { Client } from 'pg';
import { describe, expect, it } from 'vitest';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { type PolicyFile, policyFile } from '../support/policy-file.ts';
import { runPartitiond, startPartitiond } from '../support/run-partitiond.ts';
import { waitFor } from '../support/wait-for.ts';

const longWait = { timeoutMs: 60_000 };
const quarters = ['q1', 'q2', 'q3'];

/** As in the issue: revenues by quarter, of which the last three are full of rows. */
async function createRevenues(database: TestDatabase): Promise<void> {
  await database.query(`
    CREATE TABLE revenues (org_id bigint NOT NULL, property_id bigint NOT NULL, occurred_at timestamptz NOT NULL, status text)
      PARTITION BY RANGE (occurred_at);
    CREATE TABLE revenues_2020_q1 PARTITION OF revenues FOR VALUES FROM ('2020-01-01Z') TO ('2020-04-01Z');
    CREATE TABLE revenues_2020_q2 PARTITION OF revenues FOR VALUES FROM ('2020-04-01Z') TO ('2020-07-01Z');
    CREATE TABLE revenues_2020_q3 PARTITION OF revenues FOR VALUES FROM ('2020-07-01Z') TO ('2020-10-01Z')`);
  const writer = await database.client();
  await writer.query(`INSERT INTO revenues
    SELECT i % 100, i % 7, timestamptz '2020-01-01Z' + (i % 270) * interval '1 day', CASE i % 3 WHEN 0 THEN 'approved' ELSE 'open' END
    FROM generate_series(1, 6000) AS i`);
  await writer.end();
}

const overAll = '{ name: revenues_org_property, columns: [org_id, property_id, occurred_at] }';
const ofApproved = `{ name: revenues_approved, columns: [status], where: "status = 'approved'" }`;
const indexes = `maintenance: false, indexes: [${overAll}, ${ofApproved}]`;

function fileOf(database: TestDatabase, keys: string, top = ''): PolicyFile {
  return policyFile(database, [`{ table: public.revenues, interval: 1 quarter, premake: 1, ${keys} }`], top);
}

async function invalidIndexes(database: TestDatabase): Promise<readonly unknown[]> {
  const rows = await database.query('SELECT indexrelid::regclass::text AS name FROM pg_index WHERE NOT indisvalid ORDER BY 1');
  return rows.map((row) => row['name']);
}

/** What indexes there are, on what, whether they are valid, and what they are part of. */
async function fingerprint(database: TestDatabase): Promise<readonly unknown[]> {
  return await database.query(`
    SELECT i.indrelid::regclass::text AS relation, pg_get_indexdef(i.indexrelid) AS definition, i.indisvalid AS valid, h.inhparent::regclass::text AS parent
    FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid LEFT JOIN pg_inherits AS h ON h.inhrelid = i.indexrelid
    WHERE c.relnamespace = 'public'::regnamespace ORDER BY 1, 2`);
}

async function apply(file: PolicyFile, tasks: string): Promise<string> {
  const result = await runPartitiond(['apply', '--only', tasks, '--config', file.path], { timeoutMs: 120_000 });
  expect(result.stdout + result.stderr).not.toContain('bug in partitiond');
  expect(result.exitCode, result.stdout + result.stderr).toBe(0);
  return result.stdout;
}

/** A session in whose way nothing is, and that a concurrent build waits for. */
async function openTransaction(database: TestDatabase, sql: string): Promise<Client> {
  const client = await database.client({ applicationName: 'holder' });
  await client.query('BEGIN');
  await client.query(sql);
  return client;
}

const workers = `
  SELECT pid, state, wait_event_type, query FROM pg_stat_activity
  WHERE datname = current_database() AND application_name LIKE 'partitiond%'`;

/** Kills the program in the middle of a command; the server goes on with that until it is told. `isCut`: it is told at once. */
async function killDuring(database: TestDatabase, file: PolicyFile, tasks: string, atWork: string, isCut: boolean): Promise<void> {
  await using program = startPartitiond(['apply', '--only', tasks, '--config', file.path]);
  await waitFor(
    'the command to be at work',
    () => database.query(atWork),
    (rows) => rows.length > 0,
    longWait,
  );
  program.signal('SIGKILL');
  expect((await program.exited).signal).toBe('SIGKILL');
  if (!isCut) return;
  await database.query(`SELECT pg_terminate_backend(pid) FROM (${workers}) AS w`);
  await ended(database);
}

async function ended(database: TestDatabase): Promise<void> {
  await waitFor(
    'the sessions of the killed program to end',
    () => database.query(workers),
    (rows) => rows.length === 0,
    longWait,
  );
}

const building = "SELECT FROM pg_stat_progress_create_index WHERE datname = current_database() AND phase LIKE 'waiting%'";
const buildingIndex = `${building} AND command LIKE 'CREATE%'`;
const rebuilding = `${building} AND command LIKE 'REINDEX%'`;

async function undisturbed(): Promise<readonly unknown[]> {
  await using database = await createDatabase();
  await createRevenues(database);
  using file = fileOf(database, indexes);
  await apply(file, 'index');
  return await fingerprint(database);
}

describe('an index roll-out', () => {
  it('makes the indexes of the policy on every partition, of new ones too, and is then due no more', async () => {
    await using database = await createDatabase();
    await createRevenues(database);
    using file = fileOf(database, indexes);
    await apply(file, 'index');
    expect(await invalidIndexes(database)).toEqual([]);
    const on = async (relation: string): Promise<readonly string[]> => {
      const rows = await database.query(
        'SELECT pg_get_indexdef(indexrelid) AS def FROM pg_index WHERE indrelid = $1::regclass ORDER BY 1',
        [relation],
      );
      return rows.map(({ def }) => String(def).replace(/^.* USING /, ''));
    };
    const wanted = ['btree (org_id, property_id, occurred_at)', "btree (status) WHERE (status = 'approved'::text)"];
    for (const quarter of quarters) expect((await on(`revenues_2020_${quarter}`)).toSorted()).toEqual(wanted);
    await apply(file, 'provision');
    const [newest] = await database.query<{ name: string }>(
      "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'revenues'::regclass ORDER BY inhrelid DESC LIMIT 1",
    );
    expect((await on(newest?.name ?? '')).toSorted()).toEqual(wanted);
    const idle = await runPartitiond(['plan', '--exit-code', '--config', file.path]);
    expect(idle.stdout).toContain('nothing to do');
    expect(idle.exitCode).toBe(0);
  });

  it('killed in CREATE INDEX CONCURRENTLY is finished by the next run', async () => {
    await using database = await createDatabase();
    await createRevenues(database);
    using file = fileOf(database, indexes);
    const holder = await openTransaction(database, "INSERT INTO revenues_2020_q3 VALUES (1, 1, '2020-08-01', 'open')");
    await killDuring(database, file, 'index', buildingIndex, true);
    expect((await invalidIndexes(database)).length).toBeGreaterThan(0);
    await holder.query('ROLLBACK');
    await apply(file, 'index');
    expect(await invalidIndexes(database)).toEqual([]);
    expect(await fingerprint(database)).toEqual(await undisturbed());
  });

  it('leaves alone what the server still builds for a program that was killed, and goes on when that is over', async () => {
    await using database = await createDatabase();
    await createRevenues(database);
    using file = fileOf(database, indexes);
    const holder = await openTransaction(database, "INSERT INTO revenues_2020_q3 VALUES (1, 1, '2020-08-01', 'open')");
    await killDuring(database, file, 'index', buildingIndex, false);
    const [{ count = null } = {}] = await database.query('SELECT count(*)::int AS count FROM pg_stat_progress_create_index');
    expect(count).toBeGreaterThan(0);
    const session =
      "SELECT FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    await waitFor(
      'the lock of leadership to be free',
      () => database.query(session),
      (rows) => rows.length === 0,
      longWait,
    );
    const beside = await runPartitiond(['apply', '--only', 'index', '--config', file.path], { timeoutMs: 120_000 });
    expect([beside.exitCode, beside.stderr]).toEqual([0, expect.not.stringContaining('bug in partitiond')]);
    await holder.query('ROLLBACK');
    await ended(database);
    await apply(file, 'index');
    expect(await invalidIndexes(database)).toEqual([]);
    expect(await fingerprint(database)).toEqual(await undisturbed());
  });
});

describe('after kill -9 the next run converges', () => {
  it('when killed in VACUUM', async () => {
    await using database = await createDatabase();
    await createRevenues(database);
    const writer = await database.client();
    await writer.query('DELETE FROM revenues WHERE org_id < 50');
    await writer.end();
    await waitFor(
      'the statistics of the rows',
      () => database.query("SELECT sum(n_dead_tup)::int AS dead FROM pg_stat_user_tables WHERE relname LIKE 'revenues%'"),
      ([row]) => row?.['dead'] === 3_000,
      longWait,
    );
    using slow = fileOf(database, 'maintenance: { costDelay: 100ms, costLimit: 1, concurrency: 1, vacuumDeadRows: 100 }');
    const atWork = 'SELECT FROM pg_stat_progress_vacuum WHERE datname = current_database()';
    await killDuring(database, slow, 'maintenance', atWork, true);
    using file = fileOf(database, 'maintenance: { vacuumDeadRows: 100 }');
    await apply(file, 'maintenance');
    await waitFor(
      'all partitions to be vacuumed, as far as the statistics know',
      () => database.query("SELECT relname FROM pg_stat_user_tables WHERE relname LIKE 'revenues_2020%' AND vacuum_count = 0"),
      (rest) => rest.length === 0,
      longWait,
    );
  });

  it('when killed in REINDEX CONCURRENTLY, and leaves neither an invalid index nor the beginnings of one', async () => {
    await using database = await createDatabase();
    await createRevenues(database);
    using file = fileOf(database, 'maintenance: {}');
    await database.query(`CREATE INDEX revenues_2020_q2_org ON revenues_2020_q2 (org_id);
      UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'revenues_2020_q2_org'::regclass`);
    const holder = await openTransaction(database, "INSERT INTO revenues_2020_q2 VALUES (1, 1, '2020-05-01', 'open')");
    await killDuring(database, file, 'maintenance,index', rebuilding, true);
    expect(await invalidIndexes(database)).toContain('revenues_2020_q2_org_ccnew');
    await holder.query('ROLLBACK');
    await apply(file, 'maintenance,index');
    expect(await invalidIndexes(database)).toEqual([]);
    expect(await fingerprint(database)).toMatchObject([{ relation: 'revenues_2020_q2', valid: true }]);
  });
});
