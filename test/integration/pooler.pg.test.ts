import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, connect as dial, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { releaseAdvisoryLock, tryAdvisoryLock } from '../../src/postgres/advisory-lock.ts';
import { namedSql } from '../../src/postgres/named-sql.ts';
import { row, text } from '../../src/postgres/row-decoder.ts';
import { connectSession, type Session } from '../../src/postgres/session.ts';
import { startCluster } from '../support/cluster.ts';
import { anyPorts, startDaemon } from '../support/daemon.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { noAbort } from '../support/open-session.ts';
import { type PgBouncer, startPgBouncer } from '../support/pgbouncer.ts';
import { policyFile } from '../support/policy-file.ts';
import { attachedPartitions, policyOf, reconcile } from '../support/reconcile.ts';
import { runPartitiond } from '../support/run-partitiond.ts';
import { waitFor } from '../support/wait-for.ts';

const settings = { applicationName: 'partitiond:test', statementTimeoutMs: 30_000, lockTimeoutMs: 100 };
const sharing = ['transaction', 'statement'] as const;
const refusal = { name: 'ConfigError', code: 'PD209', message: expect.stringContaining('pool_mode = session') };

async function connect(url: string, more: { readonly idleTimeoutMs?: number } = {}): Promise<Session & AsyncDisposable> {
  const session = await connectSession({ kind: 'url', url }, { ...settings, ...more }, noAbort);
  return Object.assign(session, { [Symbol.asyncDispose]: () => session.close() });
}

/** One setting after the other, as the session sees them. */
async function show(session: Session, ...names: readonly string[]): Promise<readonly string[]> {
  const query = namedSql('shown', 'SELECT current_setting(name) AS "value" FROM unnest($1::text[]) WITH ORDINALITY t (name, i) ORDER BY i');
  const rows = await session.rows(query, [`{${names.join(',')}}`], row<{ value: string }>({ value: text }), noAbort);
  return rows.map(({ value }) => value);
}

/** What an application finds that is given each backend of the pool in turn. */
async function settingsInPool(database: TestDatabase, bouncer: PgBouncer): Promise<readonly unknown[]> {
  const client = await database.client({ url: bouncer.url });
  const names = "'TimeZone', 'search_path', 'statement_timeout', 'idle_session_timeout', 'idle_in_transaction_session_timeout'";
  const sql = `SELECT name, setting FROM pg_settings WHERE source = 'session' AND name IN (${names})`;
  const seen: unknown[] = [];
  for (let i = 0; i < 10; i++) seen.push(...(await client.query(sql)).rows);
  await client.end();
  return seen;
}

async function createEvents(database: TestDatabase): Promise<void> {
  await database.query('CREATE TABLE public.events (id int8, at timestamptz NOT NULL) PARTITION BY RANGE (at)');
}

describe('a pooler in session mode', () => {
  it('keeps what a session pins, and hands none of it on', async (context) => {
    await using database = await createDatabase();
    await using bouncer = await startPgBouncer(context, database, { poolMode: 'session' });
    const session = await connect(bouncer.url, { idleTimeoutMs: 45_000 });
    const pins = await show(session, 'TimeZone', 'search_path', 'statement_timeout', 'idle_session_timeout');
    expect(pins).toEqual(['UTC', 'pg_catalog, pg_temp', '30s', '45s']);
    await session.close();
    expect(await settingsInPool(database, bouncer)).toEqual([]);
  });

  it('leaves no short connection behind', async (context) => {
    await using database = await createDatabase();
    await using bouncer = await startPgBouncer(context, database, { poolMode: 'session' });
    await using session = await connect(bouncer.url);
    const mine = await waitFor(
      'the goodbye of the second connection',
      async () => (await bouncer.show('CLIENTS')).filter(({ database: name }) => name === database.name),
      (clients) => clients.length === 1,
    );
    expect(mine).toHaveLength(1);
    expect(session.pid).toBeGreaterThan(0);
  });

  it('keeps an advisory lock for as long as the session', async (context) => {
    await using database = await createDatabase();
    await using bouncer = await startPgBouncer(context, database, { poolMode: 'session' });
    await using first = await connect(bouncer.url);
    await using second = await connect(bouncer.url);
    expect(await tryAdvisoryLock(first, 7n, noAbort)).toBe(true);
    expect(await tryAdvisoryLock(second, 7n, noAbort)).toBe(false);
    await releaseAdvisoryLock(first, 7n, noAbort);
    expect(await tryAdvisoryLock(second, 7n, noAbort)).toBe(true);
    await second.close();
    const held =
      "SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database WHERE locktype = 'advisory' AND datname = current_database()";
    await waitFor(
      'the lock to go with its session',
      () => database.query(held),
      (rows) => rows.length === 0,
    );
  });

  it('cancels a statement and leaves the session of use', async (context) => {
    await using database = await createDatabase();
    await using bouncer = await startPgBouncer(context, database, { poolMode: 'session' });
    await using session = await connect(bouncer.url);
    const controller = new AbortController();
    const reason = new Error('stopped by the test');
    setTimeout(() => controller.abort(reason), 100);
    await expect(session.execute('SELECT pg_sleep(60)', controller.signal)).rejects.toBe(reason);
    expect(await show(session, 'TimeZone')).toEqual(['UTC']);
  });

  it('ends a session that is idle for too long', async (context) => {
    await using database = await createDatabase();
    await using bouncer = await startPgBouncer(context, database, { poolMode: 'session' });
    await using session = await connect(bouncer.url, { idleTimeoutMs: 300 });
    const lost: string[] = [];
    session.onLost((error) => lost.push(error.code));
    await waitFor(
      'the loss of the session',
      () => lost,
      (codes) => codes.length > 0,
    );
    expect(lost).toEqual(['PD206']);
  });

  it('carries a whole run', async (context) => {
    await using database = await createDatabase();
    await createEvents(database);
    await using bouncer = await startPgBouncer(context, database, { poolMode: 'session' });
    await reconcile(database, [policyOf('events')], { url: bouncer.url });
    expect(await attachedPartitions(database, 'public.events')).toHaveLength(3);
  });

  it('carries a daemon that leads and makes partitions', async (context) => {
    await using database = await createDatabase();
    await createEvents(database);
    await using bouncer = await startPgBouncer(context, database, { poolMode: 'session' });
    using file = policyFile(database, ['{ table: public.events, interval: 1 month, premake: 3 }'], anyPorts, bouncer.url);
    await using daemon = await startDaemon(file.path);
    await daemon.waitForSample('task_runs_total{database="app",task="provision",outcome="ok"}', 1);
    expect(await attachedPartitions(database, 'public.events')).toHaveLength(4);
    await daemon.waitForSample('leader{database="app"}', 1);
  });

  it('says so when its pool has no place for a second connection', async (context) => {
    await using database = await createDatabase();
    await using bouncer = await startPgBouncer(context, database, { poolMode: 'session', settings: { default_pool_size: 1 } });
    await expect(connect(bouncer.url)).rejects.toMatchObject({ code: 'PD205', message: expect.stringContaining('pool size') });
  });

  it('works on a standby, where nothing can be notified', async (context) => {
    await using standby = await startStandby();
    await using bouncer = await startPgBouncer(context, standby, { poolMode: 'session' });
    await using session = await connect(bouncer.url);
    expect(await show(session, 'TimeZone', 'in_hot_standby')).toEqual(['UTC', 'on']);
  });
});

describe.concurrent.each(sharing)('a pooler in %s mode', (poolMode) => {
  it('is refused before anything was pinned on one of its backends', async (context) => {
    await using database = await createDatabase();
    await using bouncer = await startPgBouncer(context, database, { poolMode });
    await expect(connect(bouncer.url)).rejects.toMatchObject(refusal);
    expect(await settingsInPool(database, bouncer)).toEqual([]);
  });

  it.for(['plan', 'check', 'status', 'apply'])('is refused by %s with exit code 2 and the fix', async (command, context) => {
    await using database = await createDatabase();
    await createEvents(database);
    await using bouncer = await startPgBouncer(context, database, { poolMode });
    using file = policyFile(database, ['{ table: public.events, interval: 1 month }'], '', bouncer.url);
    const { exitCode, stderr } = await runPartitiond([command, '--config', file.path]);
    expect(stderr).toContain('point `url` at the server itself or at a pool with pool_mode = session');
    expect(exitCode).toBe(2);
    expect(await attachedPartitions(database, 'public.events')).toEqual([]);
  });

  it('is not led through, and the daemon says why', async (context) => {
    await using database = await createDatabase();
    await createEvents(database);
    await using bouncer = await startPgBouncer(context, database, { poolMode });
    using file = policyFile(database, ['{ table: public.events, interval: 1 month }'], anyPorts, bouncer.url);
    await using daemon = await startDaemon(file.path);
    await daemon.waitForSample('leadership_refused{database="app",reason="pooler"}', 1);
    await daemon.waitForSample('leader{database="app"}', 0);
    expect(daemon.log().find(({ code }) => code === 'PD209')).toMatchObject({ database: 'app' });
    expect(await attachedPartitions(database, 'public.events')).toEqual([]);
  });

  it('is refused every time while an application keeps its backends busy', async (context) => {
    await using database = await createDatabase();
    await using bouncer = await startPgBouncer(context, database, { poolMode, settings: { default_pool_size: 4 } });
    await using _ = await keepBusy(database, bouncer, 8);
    for (let i = 0; i < 3; i++) await expect(connect(bouncer.url)).rejects.toMatchObject(refusal);
  });

  it('is refused by whoever comes to two poolers behind one address', async (context) => {
    await using database = await createDatabase();
    await using one = await startPgBouncer(context, database, { poolMode });
    await using other = await startPgBouncer(context, database, { poolMode });
    await using balancer = await startBalancer([one.url, other.url]);
    await expect(connect(balancer.url)).rejects.toMatchObject(refusal);
  });

  it('is refused on a standby', async (context) => {
    await using standby = await startStandby();
    await using bouncer = await startPgBouncer(context, standby, { poolMode });
    await expect(connect(bouncer.url)).rejects.toMatchObject(refusal);
  });
});

/** A server that follows nobody and recovers for ever: it can be read, as a standby whose primary is away. */
async function startStandby(): Promise<{ readonly url: string } & AsyncDisposable> {
  const cluster = await startCluster();
  await cluster.stop();
  await writeFile(join(cluster.folder, 'data', 'standby.signal'), '');
  await cluster.start();
  return cluster;
}

/** `clients` of an application that send one statement after the other through the pool. */
async function keepBusy(database: TestDatabase, bouncer: PgBouncer, clients: number): Promise<AsyncDisposable> {
  const over = new AbortController();
  const all = await Promise.all(Array.from({ length: clients }, () => database.client({ url: bouncer.url })));
  const busy = all.map(async (client) => {
    while (!over.signal.aborted) await client.query('SELECT pg_sleep(random() * 0.01)');
  });
  return {
    [Symbol.asyncDispose]: async () => {
      over.abort();
      await Promise.all(busy);
    },
  };
}

/** One address, whose connections go to the `urls` in turn. */
async function startBalancer(urls: readonly [string, string]): Promise<{ readonly url: string } & AsyncDisposable> {
  const sockets = new Set<Socket>();
  let next = 0;
  const server = createServer((near) => {
    const { hostname, port } = new URL(urls[next++ % 2 === 0 ? 0 : 1]);
    const far = dial(Number(port), hostname);
    for (const [from, to] of [[near, far] as const, [far, near] as const]) {
      sockets.add(from);
      from.on('error', () => to.destroy());
      from.pipe(to);
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('No port.');
  const url = new URL(urls[0]);
  url.port = String(address.port);
  return {
    url: url.href,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
