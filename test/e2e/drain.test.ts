import { appendFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { describe, expect, it } from 'vitest';
import { anyPorts, type Daemon, startDaemon } from '../support/daemon.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { policyFile } from '../support/policy-file.ts';
import { attachedPartitions } from '../support/reconcile.ts';
import { waitFor } from '../support/wait-for.ts';

const events = '{ table: public.events, interval: 1 month, premake: 1 }';

async function createEvents(): Promise<TestDatabase> {
  const database = await createDatabase();
  await database.query('CREATE TABLE public.events (id int8, at timestamptz NOT NULL) PARTITION BY RANGE (at)');
  return database;
}

/** Backends that hold the lock of leadership in this database. */
async function lockHolders(database: TestDatabase): Promise<readonly unknown[]> {
  return await database.query(
    "SELECT pid FROM pg_locks JOIN pg_database d ON d.oid = database WHERE locktype = 'advisory' AND granted AND datname = current_database()",
  );
}

async function epoch(database: TestDatabase): Promise<unknown> {
  return (await database.query('SELECT epoch FROM partitiond.leadership'))[0]?.['epoch'];
}

function drain(daemon: Daemon, method = 'POST'): Promise<Response> {
  return fetch(`${daemon.admin}/-/drain`, { method });
}

describe('a drained daemon', () => {
  it('has given its lock back within 5 s, never takes it again and goes on answering', async () => {
    await using database = await createEvents();
    using file = policyFile(database, [events], anyPorts);
    await using daemon = await startDaemon(file.path);
    await daemon.waitForSample('task_runs_total{database="app",task="collect",outcome="ok"}', 1);
    expect(await lockHolders(database)).toHaveLength(1);

    const before = performance.now();
    const answer = await drain(daemon, 'GET');
    expect([answer.status, await answer.json()]).toEqual([200, { drained: true }]);
    expect(performance.now() - before).toBeLessThan(5_000);
    expect(await lockHolders(database)).toEqual([]);
    expect((await drain(daemon)).status).toBe(200);

    // What would make another daemon lead: nobody does, work is asked for, its configuration is loaded anew, time goes by.
    expect((await fetch(`${daemon.admin}/-/run?task=provision`, { method: 'POST' })).status).toBe(409);
    expect((await fetch(`${daemon.admin}/-/reload`, { method: 'POST' })).status).toBe(200);
    await using other = await startDaemon(file.path);
    await other.waitForSample('leader{database="app"}', 1, { timeoutMs: 60_000 });
    other.program.signal('SIGTERM');
    await other.program.exited;
    await using third = await startDaemon(file.path);
    await third.waitForSample('leader{database="app"}', 1, { timeoutMs: 60_000 });
    expect(await epoch(database)).toBe('3');

    expect((await daemon.scrape()).get('leader{database="app"}')).toBe(0);
    for (const path of ['/metrics', '/livez', '/readyz']) expect((await fetch(daemon.http + path)).status, path).toBe(200);
    expect((await daemon.status()).databases).toMatchObject([
      { error: null, leadership: { isLeading: false, epoch: null, refused: 'drained' } },
    ]);
    daemon.program.signal('SIGTERM');
    expect((await daemon.program.exited).exitCode).toBe(0);
  });

  it('gives up a step that waits for a lock, and begins no other', async () => {
    await using database = await createEvents();
    using file = policyFile(database, [events], anyPorts);
    const blocker = await database.client();
    await blocker.query('BEGIN; LOCK TABLE public.events IN SHARE UPDATE EXCLUSIVE MODE');
    await using daemon = await startDaemon(file.path);
    await daemon.waitForSample('table_lock_timeouts_total{database="app",schema="public",table="events"}', (count) => count > 0);
    expect((await drain(daemon)).status).toBe(200);
    expect(await lockHolders(database)).toEqual([]);
    await blocker.query('ROLLBACK');
    expect(await attachedPartitions(database, 'public.events')).toEqual([]);
  });

  it('leads no database that is added to its configuration afterwards', async () => {
    await using database = await createEvents();
    using file = policyFile(database, [events], anyPorts, 'postgresql://u@127.0.0.1:1/x');
    await using daemon = await startDaemon(file.path);
    expect((await drain(daemon)).status).toBe(200);
    await appendFile(file.path, `  - { name: added, url: ${JSON.stringify(database.url)}, tables: [${events}] }\n`);
    // The file may have been noticed before; the order is answered when what it holds is in force.
    expect((await fetch(`${daemon.admin}/-/reload`, { method: 'POST' })).status).toBe(200);
    const { databases } = await daemon.status();
    expect(databases).toMatchObject([
      { database: 'app' },
      { database: 'added', error: null, leadership: { isLeading: false, refused: 'drained' } },
    ]);
    expect(await database.query("SELECT to_regnamespace('partitiond') AS journal")).toEqual([{ journal: null }]);
  });

  it('ends on SIGTERM in the middle of draining, and answers first', async () => {
    await using database = await createEvents();
    using file = policyFile(database, [events], anyPorts);
    const blocker = await database.client();
    await blocker.query('BEGIN; LOCK TABLE public.events IN SHARE UPDATE EXCLUSIVE MODE');
    await using daemon = await startDaemon(file.path);
    await daemon.waitForSample('table_lock_timeouts_total{database="app",schema="public",table="events"}', (count) => count > 0);
    const before = performance.now();
    const answer = drain(daemon);
    await daemon.waitForLog('drain requested');
    daemon.program.signal('SIGTERM');
    expect((await answer).status).toBe(200);
    expect(await daemon.program.exited).toMatchObject({ exitCode: 0 });
    expect(performance.now() - before).toBeLessThan(25_000);
    expect(await lockHolders(database)).toEqual([]);
  });
});

describe('orders', () => {
  it('from another machine are refused, but for a drain', async (context) => {
    const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
    const outside = addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
    if (outside === undefined) return context.skip('This machine has no address but loopback ones.');
    await using database = await createEvents();
    using file = policyFile(database, [events], anyPorts.replace('admin: { host: 127.0.0.1', 'admin: { host: 0.0.0.0'));
    await using daemon = await startDaemon(file.path);
    await daemon.waitForSample('leader{database="app"}', 1);
    const remote = daemon.admin.replace('127.0.0.1', outside);
    for (const path of ['/-/reload', '/-/run?task=provision', '/-/pause', '/-/resume'])
      expect((await fetch(remote + path, { method: 'POST' })).status, path).toBe(403);
    expect((await fetch(`${daemon.admin}/-/reload`, { method: 'POST' })).status).toBe(200);
    expect((await fetch(`${remote}/-/drain`)).status).toBe(200);
    expect(await lockHolders(database)).toEqual([]);
  });

  it('pause and resume a database for every process, and outlive this one', async () => {
    await using database = await createEvents();
    using file = policyFile(database, [events], anyPorts);
    await using daemon = await startDaemon(file.path);
    await daemon.waitForSample('leader{database="app"}', 1);
    const order = async (path: string): Promise<unknown> => await (await fetch(daemon.admin + path, { method: 'POST' })).json();
    expect(await order('/-/pause?reason=load%20test')).toEqual({ databases: [{ database: 'app', answer: 'paused', error: null }] });
    expect(await database.query('SELECT reason, who FROM partitiond.pause')).toMatchObject([
      { reason: 'load test', who: expect.stringMatching(/^partitiond:run .*\/\d+$/) },
    ]);
    expect(await order('/-/resume?database=app')).toEqual({ databases: [{ database: 'app', answer: 'resumed', error: null }] });
    expect(await order('/-/resume')).toMatchObject({ databases: [{ answer: 'not-paused' }] });
    await waitFor(
      'the pause to be gone',
      () => database.query('SELECT FROM partitiond.pause'),
      (rows) => rows.length === 0,
    );
  });
});
