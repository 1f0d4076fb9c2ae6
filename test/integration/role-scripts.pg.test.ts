import { readFileSync, writeFileSync } from 'node:fs';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { anyPorts, startDaemon } from '../support/daemon.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { onlyOn } from '../support/only-on.ts';
import { type PolicyFile, policyFile } from '../support/policy-file.ts';
import { chosenMajor } from '../support/postgres-binaries.ts';
import { type RunResult, runPartitiond } from '../support/run-partitiond.ts';
import { waitFor } from '../support/wait-for.ts';

const ownersScript = chosenMajor() >= 17 ? 'partitiond-17.sql' : 'partitiond-14.sql';
const password = 'a word of six';
const now = ['--now', '2025-03-10T12:00:00Z'];
const keys =
  'interval: 1 month, premake: 2, defaultPartition: managed, retention: { keep: 1 month, action: drop, grace: 1 day, schema: attic }';
const upkeep = 'maintenance: {}, indexes: [{ name: orders_amount, columns: [amount] }]';

/** Roles belong to a server, and the scripts name theirs: so the server is the test's own. */
interface Shop extends AsyncDisposable {
  readonly database: TestDatabase;
  /** Runs a script of deploy/postgres as the superuser, with its names replaced. */
  install(script: string): Promise<void>;
  url(role: string): string;
  /** What PostgreSQL says when the role runs that statement; `ok` when nothing. */
  attempt(role: string, sql: string): Promise<string>;
}

/** `shop.orders` from December 2024 to March 2025 belongs to shop_owner, with rows in each month; beside it stands what is nobody's business. */
async function openShop(): Promise<Shop> {
  const cluster: Cluster = await startCluster();
  const database = await createDatabase(cluster.url);
  await database.query(`
    CREATE ROLE shop_owner NOLOGIN;
    CREATE ROLE stranger NOLOGIN;
    CREATE SCHEMA shop;
    CREATE SCHEMA private;
    CREATE TABLE private.salaries (id int8);
    CREATE TABLE shop.strangers (id int8);
    ALTER TABLE shop.strangers OWNER TO stranger;
    CREATE TABLE shop.orders (id int8 NOT NULL, amount int8, at timestamptz NOT NULL) PARTITION BY RANGE (at);
    ALTER TABLE shop.orders OWNER TO shop_owner;
    SET TimeZone = 'UTC'`);
  for (const [month, next] of [
    ['2024-12', '2025-01'],
    ['2025-01', '2025-02'],
    ['2025-02', '2025-03'],
    ['2025-03', '2025-04'],
  ] as const) {
    const name = `shop.orders_${month.replace('-', '_')}`;
    await database.query(`
      CREATE TABLE ${name} PARTITION OF shop.orders FOR VALUES FROM ('${month}-01Z') TO ('${next}-01Z');
      ALTER TABLE ${name} OWNER TO shop_owner;
      INSERT INTO shop.orders SELECT i, i, '${month}-01Z'::timestamptz + i * interval '1 minute' FROM generate_series(1, 2000) AS i`);
  }
  const url = (role: string): string => {
    const address = new URL(database.url);
    address.username = role;
    address.password = password;
    return address.href;
  };
  return {
    database,
    url,
    install: async (script) => void (await database.query(filled(readFileSync(`deploy/postgres/${script}`, 'utf8'), database.name))),
    attempt: async (role, sql) => {
      const client = new pg.Client({ connectionString: url(role) });
      await client.connect();
      try {
        // What holds without the second line of defence.
        await client.query('SET default_transaction_read_only = off');
        await client.query(sql);
        return 'ok';
      } catch (error) {
        return error instanceof Error ? error.message : String(error);
      } finally {
        await client.end();
      }
    },
    [Symbol.asyncDispose]: async () => {
      await database[Symbol.asyncDispose]();
      await cluster[Symbol.asyncDispose]();
    },
  };
}

function filled(text: string, database: string): string {
  const script = text
    .replaceAll('your_database', database)
    .replaceAll('your_owner', 'shop_owner')
    .replaceAll('your_schema', 'shop')
    .replaceAll('your_table', 'orders')
    .replaceAll('your_archive', 'attic')
    .replaceAll('your_password', password);
  expect(script).not.toContain('your_');
  return script;
}

function configured(shop: Shop, role: string, more = '', top = ''): PolicyFile {
  return policyFile(shop.database, [`{ table: shop.orders, ${keys}${more === '' ? '' : `, ${more}`} }`], top, shop.url(role));
}

async function run(file: PolicyFile, ...args: readonly string[]): Promise<RunResult> {
  return await runPartitiond([...args, '--config', file.path]);
}

/** Deletes most rows of February; what a session has changed is counted at its end at the latest. */
async function leaveDeadRows({ database }: Shop): Promise<void> {
  const writer = await database.client();
  await writer.query('DELETE FROM shop.orders_2025_02 WHERE id > 100');
  await writer.end();
  await waitFor(
    'the statistics of the rows',
    () => database.query("SELECT n_dead_tup::int4 AS dead FROM pg_stat_user_tables WHERE relname = 'orders_2025_02'"),
    ([row]) => Number(row?.['dead']) >= 1_900,
    { timeoutMs: 60_000 },
  );
}

/** Kinds of steps in the journal that went well, sorted, each once. */
async function stepsDone({ database }: Shop, journal = 'partitiond'): Promise<readonly string[]> {
  const rows = await database.query<{ kind: string }>(`SELECT DISTINCT kind FROM ${journal}.operation WHERE outcome = 'ok' ORDER BY kind`);
  return rows.map(({ kind }) => kind);
}

/** Each test has a server of its own, and runs the program several times. */
const patience = { timeout: 180_000 };

describe('the role of partitiond', patience, () => {
  it('lets partitiond do all of its work', async () => {
    await using shop = await openShop();
    await shop.install(ownersScript);
    using file = configured(shop, 'partitiond', upkeep);
    const plan = await run(file, 'plan', ...now);
    expect(plan.stdout).not.toContain('missing-privilege');
    expect(plan).toMatchObject({ exitCode: 0 });

    const first = await run(file, 'apply', ...now);
    expect(first, first.stdout + first.stderr).toMatchObject({ exitCode: 0 });
    expect(
      await shop.database.query("SELECT relname FROM pg_class WHERE relnamespace = 'attic'::regnamespace AND relkind = 'r' ORDER BY 1"),
    ).toEqual([{ relname: 'orders_2024_12' }, { relname: 'orders_2025_01' }]);
    // The server has no other clock than the real one: let them have been detached when `--now` says.
    await shop.database.query("UPDATE partitiond.detached_partition SET detached_at = '2025-03-10 12:00Z'");
    // A unique index that met duplicates is left invalid: partitiond rebuilds it once they are gone.
    await shop.database.query("INSERT INTO shop.orders VALUES (1, 1, '2025-02-01 00:01Z')");
    await expect(shop.database.query('CREATE UNIQUE INDEX CONCURRENTLY once ON shop.orders_2025_02 (id)')).rejects.toThrow('unique index');
    await shop.database.query("DELETE FROM shop.orders WHERE id = 1 AND at < '2025-03-01Z'");
    await leaveDeadRows(shop);
    const second = await run(file, 'apply', '--now', '2025-03-12T12:00:00Z');
    expect(second, second.stdout + second.stderr).toMatchObject({ exitCode: 0 });
    expect(await shop.database.query("SELECT relname FROM pg_class WHERE relnamespace = 'attic'::regnamespace AND relkind = 'r'")).toEqual(
      [],
    );
    expect(await stepsDone(shop)).toEqual(
      expect.arrayContaining([
        'analyze',
        'attach-index',
        'create-default',
        'create-index',
        'create-partition',
        'detach-partition',
        'drop-table',
        'reindex',
        'vacuum',
      ]),
    );

    const owners = await shop.database.query(
      "SELECT DISTINCT c.relowner::regrole::text AS owner FROM pg_partition_tree('shop.orders') AS t JOIN pg_class AS c ON c.oid = t.relid",
    );
    expect(owners).toEqual([{ owner: 'shop_owner' }]);
    for (const command of ['probe', 'status', 'statements', 'advise']) {
      const result = await run(file, command);
      expect(result.stderr, command).not.toMatch(/permission denied|PD50/);
      expect([0, 1], command).toContain(result.exitCode);
    }
  });

  it('lets the daemon lead, collect and stop', async () => {
    await using shop = await openShop();
    await shop.install(ownersScript);
    using file = configured(shop, 'partitiond', upkeep, anyPorts);
    await using daemon = await startDaemon(file.path);
    await daemon.waitForSample('task_runs_total{database="app",task="collect",outcome="ok"}', (runs) => runs > 0, { timeoutMs: 50_000 });
    const samples = await daemon.scrape();
    expect(samples.get('leader{database="app"}')).toBe(1);
    expect(samples.get('collector_success{database="app",collector="catalog"}')).toBe(1);
    daemon.program.signal('SIGTERM');
    expect(await daemon.program.exited).toMatchObject({ exitCode: 0 });
  });

  it('gives it nothing else', async () => {
    await using shop = await openShop();
    await shop.install(ownersScript);
    const denied = {
      'SELECT * FROM private.salaries': 'permission denied for schema private',
      'SELECT * FROM shop.strangers': 'permission denied for table strangers',
      'DROP TABLE shop.strangers': 'must be owner of table strangers',
      'CREATE DATABASE another': 'permission denied to create database',
      'CREATE ROLE another': 'permission denied to create role',
      'CREATE SCHEMA another': 'permission denied for database',
      'DROP SCHEMA private CASCADE': 'must be owner of schema private',
      'DROP SCHEMA shop CASCADE': 'must be owner of schema shop',
      'SET ROLE postgres': 'permission denied to set role "postgres"',
      'SET ROLE stranger': 'permission denied to set role "stranger"',
      'SET ROLE pg_signal_backend': 'permission denied to set role "pg_signal_backend"',
      'GRANT shop_owner TO stranger':
        chosenMajor() >= 16 ? 'permission denied to grant role "shop_owner"' : 'must have admin option on role "shop_owner"',
      "SELECT pg_read_file('PG_VERSION')": 'permission denied for function pg_read_file',
      "COPY shop.orders TO PROGRAM 'true'":
        chosenMajor() >= 16 ? 'permission denied to COPY to or from an external program' : 'must be superuser',
      "SELECT pg_terminate_backend((SELECT pid FROM pg_stat_activity WHERE usename = 'postgres' LIMIT 1))":
        chosenMajor() >= 16 ? 'permission denied to terminate process' : 'must be a superuser to terminate superuser process',
    };
    for (const [sql, message] of Object.entries(denied)) expect(await shop.attempt('partitiond', sql), sql).toContain(message);
    // What it does get with its work: the rights of the owner.
    expect(await shop.attempt('partitiond', 'SELECT * FROM shop.orders')).toBe('ok');
    expect(await shop.attempt('partitiond', 'SET ROLE shop_owner')).toBe('ok');
  });

  it('would not let it give new partitions to their owner without SET', async (context) => {
    onlyOn(context, (major) => major >= 17, 'partitiond-17.sql is for 17 and later');
    await using shop = await openShop();
    await shop.install(ownersScript);
    await shop.database.query('GRANT shop_owner TO partitiond WITH SET FALSE');
    using file = configured(shop, 'partitiond');
    const { exitCode, stdout, stderr } = await run(file, 'apply', '--only', 'provision', ...now);
    expect(exitCode).toBe(4);
    expect(stdout + stderr).toContain('must be able to SET ROLE "shop_owner"');
  });
});

describe('maintenance-17.sql', patience, () => {
  it('lets its role vacuum and analyse, and do nothing else', async (context) => {
    onlyOn(context, (major) => major >= 17, 'MAINTAIN came with 17');
    await using shop = await openShop();
    await shop.install('maintenance-17.sql');
    await leaveDeadRows(shop);
    using file = configured(shop, 'partitiond_maintenance', 'maintenance: {}');
    const text = readFileSync(file.path, 'utf8');
    writeFileSync(file.path, text.replace('    tables:', '    schema: partitiond_maintenance\n    tables:'));
    const { exitCode, stdout, stderr } = await run(file, 'apply', '--only', 'maintenance', ...now);
    expect(exitCode, stdout + stderr).toBe(0);
    expect(await stepsDone(shop, 'partitiond_maintenance')).toEqual(['analyze', 'vacuum']);

    const refused = await run(file, 'apply', '--only', 'provision', ...now);
    expect(refused.stdout).toContain('missing-privilege');
    const tables = await shop.database.query("SELECT 1 FROM pg_partition_tree('shop.orders')");
    expect(tables).toHaveLength(5);
    const denied = {
      'DELETE FROM shop.orders': 'permission denied for table orders',
      'DROP TABLE shop.orders_2025_01': 'must be owner of table orders_2025_01',
      'ALTER TABLE shop.orders DETACH PARTITION shop.orders_2025_01': 'must be owner of table orders',
      'CREATE TABLE shop.another (id int8)': 'permission denied for schema shop',
      'VACUUM shop.strangers': 'ok',
      'SET ROLE shop_owner': 'permission denied to set role "shop_owner"',
      'SELECT * FROM private.salaries': 'permission denied for schema private',
    };
    for (const [sql, message] of Object.entries(denied)) expect(await shop.attempt('partitiond_maintenance', sql), sql).toContain(message);
    // VACUUM of what is not its own is a warning, and nothing is done.
    const vacuumed = await shop.database.query("SELECT last_vacuum FROM pg_stat_user_tables WHERE relname = 'strangers'");
    expect(vacuumed).toEqual([{ last_vacuum: null }]);
  });
});

describe('monitoring.sql', patience, () => {
  it('lets its role look at everything, also at what partitiond makes later, and change nothing', async () => {
    await using shop = await openShop();
    await shop.install(ownersScript);
    await shop.install('monitoring.sql');
    using workers = configured(shop, 'partitiond');
    expect(await run(workers, 'apply', ...now)).toMatchObject({ exitCode: 0 });
    await shop.database.query("INSERT INTO shop.orders VALUES (1, 1, '1999-01-01Z')");

    using file = configured(shop, 'partitiond_monitor');
    const plan = await run(file, 'plan', ...now);
    expect(plan).toMatchObject({ exitCode: 0 });
    expect(plan.stdout).toMatch(/rows-in-default.*orders_default holds 1 row/);
    const check = await run(file, 'check', ...now);
    expect(check.exitCode).toBe(1);
    expect(check.stdout).toContain('GRANT shop_owner TO partitiond_monitor;');
    expect((await run(file, 'status', '--table', 'shop.orders')).stdout).toMatch(/the last run of .* went well/);
    expect(await run(file, 'probe')).toMatchObject({ stderr: '' });
    expect(await run(file, 'probe', '--last')).toMatchObject({ exitCode: 0 });
    for (const command of ['statements', 'advise']) expect((await run(file, command)).exitCode, command).toBe(0);

    const denied = {
      'DELETE FROM shop.orders': 'permission denied for table orders',
      'DELETE FROM partitiond.operation': 'permission denied for table operation',
      'CREATE TABLE shop.another (id int8)': 'permission denied for schema shop',
      'DROP TABLE shop.orders_2025_02': 'must be owner of table orders_2025_02',
      'SELECT * FROM shop.strangers': 'permission denied for table strangers',
      'SELECT * FROM private.salaries': 'permission denied for schema private',
      'CREATE DATABASE another': 'permission denied to create database',
      'SET ROLE partitiond': 'permission denied to set role "partitiond"',
    };
    for (const [sql, message] of Object.entries(denied)) expect(await shop.attempt('partitiond_monitor', sql), sql).toContain(message);
    const apply = await run(file, 'apply', ...now);
    expect(apply.exitCode).not.toBe(0);
  });
});
