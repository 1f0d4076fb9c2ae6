import { existsSync, statSync } from 'node:fs';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { startCluster } from '../support/cluster.ts';
import { createDatabase } from '../support/database.ts';
import { chosenMajor } from '../support/postgres-binaries.ts';
import { waitFor } from '../support/wait-for.ts';
import { waitForLockWaiter } from '../support/wait-for-lock.ts';

describe('the shared server', () => {
  it('runs the chosen major', async () => {
    await using db = await createDatabase();
    const [row] = await db.query<{ version: string }>("SELECT current_setting('server_version_num') AS version");
    expect(Math.floor(Number(row?.version) / 10_000)).toBe(chosenMajor());
  });

  it('gives each test a database of its own and drops it with sessions, prepared transactions, roles and tablespaces', async () => {
    await using witness = await createDatabase();
    let name: string;
    {
      await using db = await createDatabase();
      name = db.name;
      const role = await db.createRole('owner');
      const tablespace = await db.createTablespace('cold');
      await db.query(`CREATE TABLE t (id int) TABLESPACE "${tablespace}"; ALTER TABLE t OWNER TO "${role.name}"`);
      const asRole = await db.client({ url: role.url });
      expect((await asRole.query('SELECT current_user AS who')).rows).toEqual([{ who: role.name }]);
      const holder = await db.client();
      await holder.query(`BEGIN; LOCK TABLE t; PREPARE TRANSACTION 'left behind in ${name}'`);
    }
    const left = await witness.query(
      `SELECT datname AS name FROM pg_database WHERE starts_with(datname, $1)
       UNION ALL SELECT rolname FROM pg_roles WHERE starts_with(rolname, $1)
       UNION ALL SELECT spcname FROM pg_tablespace WHERE starts_with(spcname, $1)`,
      [name],
    );
    expect(left).toEqual([]);
  });

  it('refuses a role with a wrong password', async () => {
    await using db = await createDatabase();
    const role = await db.createRole('reader');
    await expect(db.client({ url: role.url.replace(role.password, 'wrong') })).rejects.toMatchObject({ code: '28P01' });
  });

  it('shows which session waits for which lock', async () => {
    await using db = await createDatabase();
    await db.query('CREATE TABLE t (id int)');
    const holder = await db.client();
    const waiter = await db.client({ applicationName: 'waiter' });
    await holder.query('BEGIN; LOCK TABLE t IN ACCESS SHARE MODE');
    const truncated = waiter.query('TRUNCATE t');
    const lock = await waitForLockWaiter(db, ({ applicationName }) => applicationName === 'waiter');
    expect(lock).toMatchObject({ relation: 't', mode: 'AccessExclusiveLock', query: 'TRUNCATE t' });
    await holder.query('COMMIT');
    await truncated;
  });
});

describe('a server of one test', () => {
  it('has settings that show a forgotten pin, and the options win over them', async () => {
    await using cluster = await startCluster({ settings: { max_connections: '17' } });
    await using db = await createDatabase(cluster.url);
    const [row] = await db.query(`
      SELECT current_setting('TimeZone') AS zone, current_setting('DateStyle') AS style,
             current_setting('wal_level') AS wal, current_setting('max_connections') AS connections`);
    expect(row).toEqual({ zone: 'Australia/Lord_Howe', style: 'SQL, DMY', wal: 'logical', connections: '17' });
  });

  it('survives being killed, restarts, listens on TCP when asked, and leaves nothing behind', async () => {
    let folder: string;
    {
      await using cluster = await startCluster({ tcp: true, settings: { fsync: 'on', full_page_writes: 'on', synchronous_commit: 'on' } });
      folder = cluster.folder;
      await using db = await createDatabase(cluster.url);
      const role = await db.createRole('app');
      await db.query('CREATE TABLE t AS SELECT 1 AS id');
      const before = cluster.pid;
      await cluster.kill();
      await expect(db.query('SELECT 1')).rejects.toThrow();
      await cluster.start();
      expect(cluster.pid).not.toBe(before);
      const overTcp = await db.client({ url: `postgresql://${role.name}:${role.password}@127.0.0.1:${cluster.tcpPort}/${db.name}` });
      expect((await overTcp.query('SELECT inet_server_port() AS port')).rows).toEqual([{ port: cluster.tcpPort }]);
      await cluster.restart();
      const again = await db.client();
      expect((await again.query('SELECT id FROM t')).rows).toEqual([{ id: 1 }]);
      expect(await cluster.log()).toContain('database system was not properly shut down');
      expect(statSync(`${folder}/data`).uid === 0).toBe(false);
    }
    expect(existsSync(folder)).toBe(false);
  });
});

describe('waitFor', () => {
  it('says at the deadline what it waited for and what it last saw', async () => {
    const waiting = waitFor(
      'rain',
      () => ({ sky: 'blue' }),
      ({ sky }) => sky === 'grey',
      { timeoutMs: 50 },
    );
    await expect(waiting).rejects.toThrow("Waited 50 ms for rain. Last seen: { sky: 'blue' }");
  });

  it('takes an error for something it saw', async () => {
    const waiting = waitFor(
      'a server',
      () => new pg.Client({ host: '/nowhere' }).connect(),
      () => true,
      { timeoutMs: 50 },
    );
    await expect(waiting).rejects.toThrow('ENOENT');
  });
});
