import { writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { startCluster } from '../support/cluster.ts';
import { anyPorts, type StatusAnswer, startDaemon, takenPort } from '../support/daemon.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { policyFile } from '../support/policy-file.ts';
import { attachedPartitions } from '../support/reconcile.ts';
import { runPartitiond } from '../support/run-partitiond.ts';
import { waitFor } from '../support/wait-for.ts';

const events = '{ table: public.events, interval: 1 month, premake: 3, retention: { keep: 12 months, action: detach } }';
const table = 'database="app",schema="public",table="events"';

async function createEvents(database: TestDatabase, name = 'events'): Promise<void> {
  await database.query(`CREATE TABLE public.${name} (id int8, at timestamptz NOT NULL) PARTITION BY RANGE (at)`);
}

describe('partitiond run', () => {
  it('leads, makes partitions and shows the runway, then stops on SIGTERM with exit code 0', async () => {
    await using database = await createDatabase();
    await createEvents(database);
    using file = policyFile(database, [events], anyPorts);
    await using daemon = await startDaemon(file.path);
    await daemon.waitForSample('task_runs_total{database="app",task="collect",outcome="ok"}', 1);

    expect(await attachedPartitions(database, 'public.events')).toHaveLength(4);
    const samples = await daemon.scrape();
    expect(samples.get('leader{database="app"}')).toBe(1);
    expect(samples.get('leader_epoch{database="app"}')).toBe(1);
    expect(samples.get('database_up{database="app"}')).toBe(1);
    for (const task of ['provision', 'retention'])
      expect(samples.get(`task_runs_total{database="app",task="${task}",outcome="ok"}`)).toBe(1);
    expect(samples.get(`table_partitions{${table},state="attached"}`)).toBe(4);
    expect(samples.get(`table_future_partitions{${table}}`)).toBe(3);
    expect(samples.get(`steps_total{${table},step="create-partition",outcome="ok"}`)).toBe(4);
    expect(samples.get(`table_coverage_end_timestamp_seconds{${table}}`)).toBeGreaterThan(Date.now() / 1000 + 3 * 28 * 86_400);
    expect(samples.get(`table_size_bytes{${table},component="heap"}`)).toBe(0);
    expect(samples.get('collector_success{database="app",collector="statistics"}')).toBe(1);
    expect(samples.get('task_interval_seconds{database="app",task="provision"}')).toBe(600);

    for (const path of ['/livez', '/readyz', '/']) expect((await fetch(daemon.http + path)).status, path).toBe(200);
    const startedAt = performance.now();
    daemon.program.signal('SIGTERM');
    const { exitCode } = await daemon.program.exited;
    expect(exitCode).toBe(0);
    expect(performance.now() - startedAt).toBeLessThan(25_000);
    // Tests of other databases run on the same server, and pg_locks shows them all.
    const held = "SELECT FROM pg_locks JOIN pg_database d ON d.oid = database WHERE locktype = 'advisory' AND datname = current_database()";
    expect(await database.query(held)).toEqual([]);
  });

  it('answers /api/v1/status with what status --json prints', async () => {
    await using database = await createDatabase();
    await createEvents(database);
    // Each task runs once at start; a further run between the two answers would tell them apart.
    const rarely =
      'schedules: { provision: "0 0 1 1 *", retention: "0 0 1 1 *", maintenance: off, index: off, probe: off, collect: "0 0 1 1 *" }';
    using file = policyFile(database, [events], `${anyPorts}\n${rarely}`);
    await using daemon = await startDaemon(file.path);
    await daemon.waitForSample('task_runs_total{database="app",task="collect",outcome="ok"}', 1);
    const served = await daemon.status();
    const printed: StatusAnswer = JSON.parse((await runPartitiond(['status', '--json', '--config', file.path])).stdout);
    const withoutClock = ({ databases }: StatusAnswer): unknown =>
      databases.map((one) => ({
        ...one,
        now: null,
        nextRuns: [],
        tables: one.tables.map((status) => ({ ...status, position: null, retentionCutoff: null })),
      }));
    // The daemon adds what it is to the database, and when it works next.
    const leadership = { isLeading: true, epoch: '1', refused: null };
    const printedAndMore = { databases: printed.databases.map((one) => ({ ...one, leadership, nextRuns: [] })) };
    expect(withoutClock(served)).toEqual(withoutClock(printedAndMore));
    expect(served.databases[0]?.tables[0]).toMatchObject({ table: 'public.events', futureCount: 3 });
  });

  it('is followed by a second one, which shows no tables and takes over after a clean stop', async () => {
    await using database = await createDatabase();
    await createEvents(database);
    using file = policyFile(database, [events], anyPorts);
    await using first = await startDaemon(file.path);
    await first.waitForSample('leader{database="app"}', 1);
    await using second = await startDaemon(file.path);
    await second.waitForLog('following');
    const following = await second.scrape();
    expect(following.get('leader{database="app"}')).toBe(0);
    expect(following.get('database_up{database="app"}')).toBe(1);
    expect([...following.keys()].filter((sample) => /^(table|task|steps)_/.test(sample))).toEqual([]);
    expect((await fetch(`${second.http}/readyz`)).status).toBe(200);
    expect((await fetch(`${second.admin}/-/run?task=provision`, { method: 'POST' })).status).toBe(409);

    first.program.signal('SIGTERM');
    expect((await first.program.exited).exitCode).toBe(0);
    await second.waitForSample('leader{database="app"}', 1, { timeoutMs: 15_000 });
    expect((await second.scrape()).get('leader_epoch{database="app"}')).toBe(2);
  });

  it('takes over from a leader that was killed', async () => {
    await using database = await createDatabase();
    await createEvents(database);
    using file = policyFile(database, [events], anyPorts);
    await using first = await startDaemon(file.path);
    await first.waitForSample('leader{database="app"}', 1);
    await using second = await startDaemon(file.path);
    await second.waitForLog('following');
    first.program.signal('SIGKILL');
    await second.waitForSample('leader{database="app"}', 1, { timeoutMs: 45_000 });
  });

  it('leads again in a new epoch after its connections were cut', async () => {
    await using database = await createDatabase();
    await createEvents(database);
    using file = policyFile(database, [events], anyPorts);
    await using daemon = await startDaemon(file.path);
    await daemon.waitForSample('task_runs_total{database="app",task="collect",outcome="ok"}', 1);
    await database.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'partitiond:leader'");
    await daemon.waitForSample('leader_epoch{database="app"}', 2);
    await daemon.waitForSample('leader{database="app"}', 1);
    expect((await daemon.scrape()).get('leader_transitions_total{database="app",reason="lost"}')).toBe(1);
  });

  it('refuses a one-shot apply while it leads', async () => {
    await using database = await createDatabase();
    await createEvents(database);
    using file = policyFile(database, [events], anyPorts);
    await using daemon = await startDaemon(file.path);
    await daemon.waitForSample('leader{database="app"}', 1);
    const apply = await runPartitiond(['apply', '--config', file.path]);
    expect(apply.exitCode).toBe(5);
    expect(apply.stderr).toContain('/-/run');
  });
});

describe('orders to the daemon', () => {
  it('run a task at once, or say why not', async () => {
    await using database = await createDatabase();
    await createEvents(database);
    using file = policyFile(database, [events], anyPorts);
    await using daemon = await startDaemon(file.path);
    const order = (query: string, init: RequestInit = { method: 'POST' }): Promise<Response> =>
      fetch(`${daemon.admin}/-/run${query}`, init);
    await daemon.waitForSample('task_runs_total{database="app",task="collect",outcome="ok"}', 1);
    await database.query('DROP TABLE public.events; CREATE TABLE public.events (id int8, at timestamptz NOT NULL) PARTITION BY RANGE (at)');
    const accepted = await order('?task=provision');
    expect(accepted.status).toBe(202);
    expect(await accepted.json()).toEqual({ task: 'provision', databases: [{ database: 'app', answer: 'accepted' }] });
    await waitFor(
      'new partitions',
      () => attachedPartitions(database, 'public.events'),
      (names) => names.length === 4,
    );

    expect((await order('?task=nonsense')).status).toBe(404);
    expect((await order('')).status).toBe(404);
    expect((await order('?task=provision&database=other')).status).toBe(404);
    expect((await order('?task=provision', {})).status).toBe(405);
    expect((await order('?task=provision', { method: 'POST', headers: { origin: 'http://evil.example' } })).status).toBe(403);
    expect((await fetch(`${daemon.http}/-/run?task=provision`, { method: 'POST' })).status).toBe(404);
  });

  it('are refused while that task still runs', async () => {
    await using database = await createDatabase();
    await createEvents(database);
    using file = policyFile(database, [events], anyPorts);
    const blocker = await database.client();
    await blocker.query('BEGIN; LOCK TABLE public.events IN SHARE UPDATE EXCLUSIVE MODE');
    await using daemon = await startDaemon(file.path);
    await daemon.waitForSample(`table_lock_timeouts_total{${table}}`, (count) => count > 0);
    expect((await fetch(`${daemon.admin}/-/run?task=provision`, { method: 'POST' })).status).toBe(409);
    expect((await daemon.scrape()).get('task_in_progress{database="app",task="provision"}')).toBe(1);
    await blocker.query('ROLLBACK');
    await daemon.waitForSample('task_runs_total{database="app",task="provision",outcome="ok"}', 1);
  });
});

describe('stopping the daemon', () => {
  it('does not wait for a lock that somebody else holds', async () => {
    await using database = await createDatabase();
    await createEvents(database);
    using file = policyFile(database, [events], anyPorts);
    const blocker = await database.client();
    await blocker.query('BEGIN; LOCK TABLE public.events IN SHARE UPDATE EXCLUSIVE MODE');
    await using daemon = await startDaemon(file.path);
    await daemon.waitForSample(`table_lock_timeouts_total{${table}}`, (count) => count > 0);
    daemon.program.signal('SIGTERM');
    expect((await daemon.program.exited).exitCode).toBe(0);
    expect(daemon.log().at(-1)).toMatchObject({ msg: 'stopped' });
    expect(await attachedPartitions(database, 'public.events')).toEqual([]);
  });
});

describe('a pause', () => {
  it('stops the tasks, visibly, until it ends', async () => {
    await using database = await createDatabase();
    await createEvents(database);
    using file = policyFile(database, [events], anyPorts);
    expect((await runPartitiond(['pause', 'migration', '--config', file.path])).exitCode).toBe(0);
    await using daemon = await startDaemon(file.path);
    await daemon.waitForSample('task_runs_total{database="app",task="provision",outcome="skipped"}', 1);
    await daemon.waitForSample('paused{database="app"}', 1);
    expect(await attachedPartitions(database, 'public.events')).toEqual([]);
    expect(await daemon.waitForLog('task skipped')).toMatchObject({ task: 'provision', reason: expect.stringContaining('migration') });
    expect((await daemon.status()).databases[0]?.paused).toMatchObject({ reason: 'migration' });
    await daemon.waitForSample('task_in_progress{database="app",task="provision"}', 0);
    const refused = await fetch(`${daemon.admin}/-/run?task=provision`, { method: 'POST' });
    expect([refused.status, await refused.json()]).toEqual([
      409,
      { task: 'provision', databases: [{ database: 'app', answer: 'paused' }] },
    ]);

    expect((await runPartitiond(['resume', '--config', file.path])).exitCode).toBe(0);
    await daemon.waitForSample('task_in_progress{database="app",task="provision"}', 0);
    await fetch(`${daemon.admin}/-/run?task=provision`, { method: 'POST' });
    await waitFor(
      'partitions',
      () => attachedPartitions(database, 'public.events'),
      (names) => names.length === 4,
    );
    await daemon.waitForSample('paused{database="app"}', 0);
  });
});

describe('trouble', () => {
  it('of a database that is down at the start is waited out', async () => {
    await using cluster = await startCluster();
    await using database = await createDatabase(cluster.url);
    await createEvents(database);
    using file = policyFile(database, [events], anyPorts);
    // Not at once, or the table just made is lost, as the cluster commits asynchronously.
    await cluster.stop();
    await using daemon = await startDaemon(file.path);
    expect((await daemon.waitForLog('database unreachable'))['level']).toBe('warn');
    const samples = await daemon.scrape();
    expect(samples.get('database_up{database="app"}')).toBe(0);
    expect(samples.get('leader{database="app"}')).toBe(0);
    for (const path of ['/livez', '/readyz', '/metrics']) expect((await fetch(daemon.http + path)).status, path).toBe(200);
    expect((await daemon.status()).databases).toMatchObject([{ database: 'app', error: expect.stringContaining('Could not'), tables: [] }]);
    await cluster.start();
    await daemon.waitForSample('database_up{database="app"}', 1);
    await daemon.waitForSample('task_runs_total{database="app",task="provision",outcome="ok"}', 1);
  });

  it('of one database leaves the other alone', async () => {
    await using database = await createDatabase();
    await createEvents(database);
    const nowhere = `\ndatabases: [{ name: gone, url: "postgresql://u:hunter2@127.0.0.1:1/x", tables: [${events}] }, { name: app, url: ${JSON.stringify(database.url)}, tables: [${events}] }]\n`;
    using file = policyFile(database, [], '');
    await writeFile(file.path, anyPorts + nowhere);
    await using daemon = await startDaemon(file.path);
    await daemon.waitForSample('task_runs_total{database="app",task="collect",outcome="ok"}', 1);
    expect((await daemon.scrape()).get('database_up{database="gone"}')).toBe(0);
    expect(daemon.program.stderr).not.toContain('hunter2');
    expect((await fetch(`${daemon.admin}/-/run?task=provision`, { method: 'POST' })).status).toBe(202);
    expect((await fetch(`${daemon.admin}/-/run?task=provision&database=gone`, { method: 'POST' })).status).toBe(409);
    daemon.program.signal('SIGTERM');
    expect((await daemon.program.exited).exitCode).toBe(0);
  });

  it('of one table leaves the other tables of the database alone', async () => {
    await using database = await createDatabase();
    await createEvents(database);
    using file = policyFile(database, ['{ table: public.missing, interval: 1 day }', events], anyPorts);
    await using daemon = await startDaemon(file.path);
    await daemon.waitForSample(`table_partitions{${table},state="attached"}`, 4);
    expect([...(await daemon.scrape()).keys()]).toContain(
      'table_findings{database="app",schema="public",table="missing",finding="not-partitioned"}',
    );
  });

  it('with a port that is taken ends the process with exit code 2 and the key to change', async () => {
    await using database = await createDatabase();
    using taken = await takenPort();
    using file = policyFile(database, [events], anyPorts.replace('port: 0', `port: ${taken.port}`));
    const run = await runPartitiond(['run', '--config', file.path]);
    expect(run.exitCode).toBe(2);
    expect(run.stderr).toContain('http.port');
  });
});
