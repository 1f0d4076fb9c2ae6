import { describe, expect, it } from 'vitest';
import { clearPause, setPause } from '../../src/journal/pause.ts';
import { connectSession } from '../../src/postgres/session.ts';
import type { Firing } from '../../src/service/tasks/task-runner.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { everyTenSeconds, Leader } from '../support/leader.ts';
import { noAbort } from '../support/open-session.ts';
import { attachedPartitions } from '../support/reconcile.ts';
import { waitFor } from '../support/wait-for.ts';
import { waitForLockWaiter } from '../support/wait-for-lock.ts';

const longestWait = { timeoutMs: 30_000 };

async function createTable(database: TestDatabase, name: string): Promise<void> {
  await database.query(`CREATE TABLE public.${name} (id int8, at timestamptz NOT NULL) PARTITION BY RANGE (at)`);
}

const two = ['{ table: public.bad, interval: 1 month, premake: 1 }', '{ table: public.good, interval: 1 month, premake: 1 }'];

describe('a table that fails', () => {
  it('is spared by scheduled runs for a while, which go on with the others and are no success, and by no request', async () => {
    await using database = await createDatabase();
    await createTable(database, 'bad');
    await createTable(database, 'good');
    await using leader = await Leader.of(database, { tables: two });
    const blocker = await database.client();
    await blocker.query('BEGIN; LOCK TABLE public.bad IN ACCESS EXCLUSIVE MODE');

    await leader.runner.fire('provision', 'scheduled');
    expect(leader.outcomes('provision')).toEqual(['failed']);
    expect(await attachedPartitions(database, 'public.good')).toHaveLength(2);
    expect(leader.linesOf('tables left out')).toEqual([]);

    leader.lines.splice(0);
    await leader.runner.fire('provision', 'scheduled');
    expect(leader.outcomes('provision')).toEqual(['failed', 'failed']);
    expect(leader.linesOf('tables left out')).toMatchObject([
      { database: 'app', task: 'provision', waiting: [{ table: 'public.bad', failures: 1 }] },
    ]);
    expect(leader.lines.filter((line) => line['table'] === 'public.bad')).toEqual([]);
    expect(leader.lines.filter((line) => line['table'] === 'public.good')).not.toEqual([]);

    await blocker.query('COMMIT');
    await leader.runner.fire('provision', 'requested');
    expect(leader.outcomes('provision')).toEqual(['failed', 'failed', 'ok']);
    expect(await attachedPartitions(database, 'public.bad')).toHaveLength(2);

    const runs = await database.query('SELECT tables, failed, outcome FROM partitiond.run ORDER BY started_at');
    expect(runs).toEqual([
      { tables: null, failed: ['public.bad'], outcome: 'failed' },
      { tables: ['public.good'], failed: [], outcome: 'ok' },
      { tables: null, failed: [], outcome: 'ok' },
    ]);
  });

  it('is tried again when its time has come', async () => {
    await using database = await createDatabase();
    await createTable(database, 'bad');
    await createTable(database, 'good');
    await using leader = await Leader.of(database, { tables: two });
    const blocker = await database.client();
    await blocker.query('BEGIN; LOCK TABLE public.bad IN ACCESS EXCLUSIVE MODE');
    await leader.runner.fire('provision', 'scheduled');
    await blocker.query('COMMIT');
    leader.aheadMs += 31_000;
    await leader.runner.fire('provision', 'scheduled');
    expect(leader.outcomes('provision')).toEqual(['failed', 'ok']);
  });

  it('leaves nothing to do when it is the only one', async () => {
    await using database = await createDatabase();
    await createTable(database, 'bad');
    await using leader = await Leader.of(database, { tables: two.slice(0, 1) });
    const blocker = await database.client();
    await blocker.query('BEGIN; LOCK TABLE public.bad IN ACCESS EXCLUSIVE MODE');
    await leader.runner.fire('provision', 'scheduled');
    await leader.runner.fire('provision', 'scheduled');
    expect(leader.outcomes('provision')).toEqual(['failed']);
    expect(leader.told.filter(([method]) => method === 'taskSkipped')).toEqual([['taskSkipped', 'app', 'provision']]);
    const reason = 'it waits after failures';
    expect(leader.linesOf('task skipped')).toMatchObject([{ level: 'info', reason, waiting: [{ table: 'public.bad' }] }]);
    // A second one is no news, until it has failed again.
    await leader.runner.fire('provision', 'scheduled');
    expect(leader.linesOf('task skipped').filter(({ level }) => level === 'info')).toHaveLength(1);
    leader.aheadMs += 31_000;
    await leader.runner.fire('provision', 'scheduled');
    await leader.runner.fire('provision', 'scheduled');
    expect(leader.linesOf('task skipped').filter(({ level }) => level === 'info')).toMatchObject([
      { waiting: [{ failures: 1 }] },
      { waiting: [{ failures: 2 }] },
    ]);
    await blocker.query('COMMIT');
  });
});

describe('a run', () => {
  it('that takes longer than schedules.maxRuntime is stopped and counts as failed', async () => {
    await using database = await createDatabase();
    await createTable(database, 'events');
    const top = `schedules: { ${everyTenSeconds}, maxRuntime: 1s }\nsafety: { lockTimeout: 1s, lockBudget: 1m }`;
    await using leader = await Leader.of(database, { top });
    const blocker = await database.client();
    await blocker.query('BEGIN; LOCK TABLE public.events IN ACCESS EXCLUSIVE MODE');
    await leader.runner.fire('provision', 'requested');
    expect(leader.outcomes('provision')).toEqual(['failed']);
    expect(leader.linesOf('task failed')).toMatchObject([{ level: 'error', database: 'app', task: 'provision', code: 'PD505' }]);
    expect(await database.query('SELECT outcome, failed FROM partitiond.run')).toEqual([{ outcome: 'failed', failed: ['public.events'] }]);
    await blocker.query('COMMIT');
    // What it was at work on is spared for a while, too.
    await leader.runner.fire('provision', 'scheduled');
    expect(leader.linesOf('task skipped')).toMatchObject([{ waiting: [{ table: 'public.events', failures: 1 }] }]);
  });

  it('that takes too long over one table leaves the others to the next run, which begins with them', async () => {
    await using database = await createDatabase();
    await createTable(database, 'bad');
    await createTable(database, 'good');
    const top = `schedules: { ${everyTenSeconds}, maxRuntime: 2s }\nsafety: { lockTimeout: 1s, lockBudget: 1m }`;
    await using leader = await Leader.of(database, { top, tables: two });
    const blocker = await database.client();
    await blocker.query('BEGIN; LOCK TABLE public.bad IN ACCESS EXCLUSIVE MODE');
    await leader.runner.fire('provision', 'scheduled');
    expect(await attachedPartitions(database, 'public.good')).toEqual([]);
    // Its wait is over as well, but it has had its turn.
    leader.aheadMs += 31_000;
    await leader.runner.fire('provision', 'scheduled');
    await blocker.query('COMMIT');
    expect(leader.outcomes('provision')).toEqual(['failed', 'failed']);
    expect(await attachedPartitions(database, 'public.good')).toHaveLength(2);
    expect(await database.query('SELECT tables, failed, outcome FROM partitiond.run ORDER BY started_at')).toEqual([
      { tables: null, failed: ['public.bad', 'public.good'], outcome: 'failed' },
      { tables: null, failed: ['public.bad'], outcome: 'failed' },
    ]);
  });

  it.each([
    ['another server', { systemIdentifier: '1' }],
    ['another database', { databaseOid: '1' }],
  ])('whose connection leads to %s writes nothing and ends the term', async (_, identity) => {
    await using database = await createDatabase();
    await createTable(database, 'events');
    await using leader = await Leader.of(database, { identity });
    await leader.runner.fire('provision', 'requested');
    expect(leader.fenced.map(({ code }) => code)).toEqual(['PD306']);
    expect(leader.outcomes('provision')).toEqual(['aborted']);
    expect(await database.query('SELECT FROM partitiond.run')).toEqual([]);
  });

  it('tells how many sessions wait behind it', async () => {
    await using database = await createDatabase();
    await createTable(database, 'events');
    await database.query(`CREATE TABLE public.events_2020_01 PARTITION OF public.events FOR VALUES FROM ('2020-01-01Z') TO ('2020-02-01Z');
      CREATE TABLE public.events_2035_01 PARTITION OF public.events FOR VALUES FROM ('2035-01-01Z') TO ('2035-02-01Z');
      CREATE TABLE public.events_default PARTITION OF public.events DEFAULT`);
    const tables = ['{ table: public.events, interval: 1 month, premake: 0, retention: { keep: 12 months, action: detach } }'];
    const top = `schedules: { ${everyTenSeconds} }\nsafety: { lockTimeout: 1s, lockBudget: 1m }`;
    await using leader = await Leader.of(database, { top, tables });
    const reader = await database.client();
    await reader.query('BEGIN; SELECT FROM public.events');
    const run = leader.runner.fire('retention', 'requested');
    await waitForLockWaiter(database, ({ applicationName }) => applicationName === 'partitiond:run', longestWait);
    // Every attempt to get the lock holds the writer up anew, until it gives way.
    const writer = await database.client({ applicationName: 'writer' });
    const over = new AbortController();
    const writing = (async (): Promise<void> => {
      while (!over.signal.aborted) await writer.query("INSERT INTO public.events VALUES (1, '2020-01-05Z')");
    })();
    const counted = await waitFor(
      'a blocked session',
      () => leader.told.filter(([method]) => method === 'blockedSessions').map(([, ...args]) => args),
      (calls) => calls.some(([, count]) => count === 1),
      longestWait,
    );
    expect(counted).toContainEqual(['app', 1]);
    over.abort();
    await reader.query('COMMIT');
    await run;
    await writing;
    expect(leader.outcomes('retention')).toEqual(['ok']);
  });
});

describe('a pause', () => {
  it('is made up for once by whichever run first finds it over', async () => {
    await using database = await createDatabase();
    await createTable(database, 'events');
    await using leader = await Leader.of(database);
    const session = await connectSession(
      { kind: 'url', url: database.url },
      { applicationName: 'test', statementTimeoutMs: 0, lockTimeoutMs: 0 },
      noAbort,
    );
    await setPause(session, 'partitiond', { reason: 'upgrade', by: 'me' }, noAbort);
    for (const task of ['provision', 'retention', 'provision', 'collect'] as const) await leader.runner.fire(task, 'scheduled');
    expect(leader.outcomes('provision')).toEqual(['skipped', 'skipped']);
    expect(leader.outcomes('collect')).toEqual(['ok']);
    expect(leader.told.findLast(([method]) => method === 'paused')).toEqual(['paused', 'app', true]);
    expect(leader.linesOf('task skipped')[0]).toMatchObject({ level: 'info', reason: 'paused by me: upgrade' });

    await clearPause(session, 'partitiond', noAbort);
    await session.close();
    await leader.runner.fire('collect', 'scheduled');
    await leader.runner.idle();
    expect(leader.outcomes('provision')).toEqual(['skipped', 'skipped', 'ok']);
    expect(leader.outcomes('retention')).toEqual(['skipped', 'ok']);
    expect(leader.told.findLast(([method]) => method === 'paused')).toEqual(['paused', 'app', false]);
    await leader.runner.fire('collect', 'scheduled');
    await leader.runner.idle();
    expect(leader.outcomes('provision')).toHaveLength(3);
  });
});

describe('a collection', () => {
  const collectors = (leader: Leader): readonly unknown[] =>
    leader.told.filter(([method]) => method === 'collectorEnded').map(([, , collector, isSuccess]) => [collector, isSuccess]);

  it('does not repeat what went well, nor in each minute what failed', async () => {
    await using database = await createDatabase();
    await createTable(database, 'events');
    await database.query(`CREATE TABLE public.events_1 PARTITION OF public.events FOR VALUES FROM ('2000-01-01Z') TO ('2100-01-01Z');
      ALTER FUNCTION pg_catalog.pg_indexes_size(regclass) RENAME TO pg_indexes_size_gone`);
    await using leader = await Leader.of(database);
    const run = async (aheadMs: number, how: Firing = 'scheduled'): Promise<readonly unknown[]> => {
      leader.aheadMs += aheadMs;
      leader.told.splice(0);
      await leader.runner.fire('collect', how);
      return collectors(leader);
    };
    const every = [
      ['catalog', true],
      ['statistics', true],
      ['migrations', true],
    ];
    expect(await run(0)).toEqual([...every, ['sizes', false], ['indexes', true]]);
    expect(await run(60_000)).toEqual(every);
    expect(await run(60_000)).toEqual([...every, ['sizes', false]]);
    await database.query('ALTER FUNCTION pg_catalog.pg_indexes_size_gone(regclass) RENAME TO pg_indexes_size');
    expect(await run(200_000)).toEqual([...every, ['sizes', true]]);
    expect(await run(600_000)).toEqual([...every, ['indexes', true]]);
    expect(await run(0)).toEqual(every);
    await database.query("CREATE TABLE public.events_2 PARTITION OF public.events FOR VALUES FROM ('2100-01-01Z') TO ('2101-01-01Z')");
    // Only what is new is measured.
    expect(await run(0)).toEqual([...every, ['sizes', true]]);
    expect(await run(0)).toEqual(every);
    expect(await run(0, 'requested')).toEqual([...every, ['sizes', true], ['indexes', true]]);
  });

  it('has failed when a table could not be read', async () => {
    await using database = await createDatabase();
    await createTable(database, 'events');
    await using leader = await Leader.of(database);
    await database.query('ALTER FUNCTION pg_catalog.pg_get_expr(pg_node_tree, oid) RENAME TO pg_get_expr_gone');
    await leader.runner.fire('collect', 'requested');
    expect(collectors(leader)[0]).toEqual(['catalog', false]);
    expect(leader.outcomes('collect')).toEqual(['failed']);
  });
});

describe('missed firings', () => {
  it('are made up for by one run', async () => {
    await using database = await createDatabase();
    await createTable(database, 'events');
    await using leader = await Leader.of(database);
    for (let index = 0; index < 5; index += 1) leader.runner.missed('provision');
    await waitFor(
      'the run',
      () => leader.outcomes('provision'),
      (outcomes) => outcomes.length > 0,
      longestWait,
    );
    await leader.runner.idle();
    expect(leader.outcomes('provision')).toEqual(['ok']);
    expect(leader.linesOf('task catches up')).toHaveLength(1);
  });
});

describe('a table that cannot be managed', () => {
  it.each([
    ['is missing', 'SELECT'],
    ['is partitioned by list', 'CREATE TABLE public.bad (id int8, at timestamptz NOT NULL) PARTITION BY LIST (at)'],
    ['has another kind of key', 'CREATE TABLE public.bad (id int8 NOT NULL) PARTITION BY RANGE (id)'],
  ])('has failed when it %s, as `apply` says too, and is no news for a collection', async (_, sql) => {
    await using database = await createDatabase();
    await createTable(database, 'good');
    await database.query(sql);
    await using leader = await Leader.of(database, { tables: two });
    await leader.runner.fire('provision', 'requested');
    await leader.runner.fire('collect', 'requested');
    expect(leader.outcomes('provision')).toEqual(['failed']);
    expect(leader.outcomes('collect')).toEqual(['ok']);
    expect(await database.query('SELECT failed, outcome FROM partitiond.run')).toEqual([{ failed: ['public.bad'], outcome: 'failed' }]);
    const scraped = await leader.metrics.render(longestWait.timeoutMs);
    const labels = 'database="app",schema="public",table="bad"';
    expect(scraped).toContain(`partitiond_table_last_success_timestamp_seconds{${labels},task="provision"} 10\n`);
    expect(scraped).toContain(`partitiond_table_errors_total{${labels},phase="read"} 1\n`);
    expect(scraped).not.toContain(
      'partitiond_table_last_success_timestamp_seconds{database="app",schema="public",table="good",task="provision"} 10\n',
    );
    await leader.runner.fire('provision', 'scheduled');
    expect(leader.linesOf('tables left out')).toMatchObject([{ waiting: [{ table: 'public.bad' }] }]);
  });

  it('is not one whose removals a guard refuses', async () => {
    await using database = await createDatabase();
    await createTable(database, 'events');
    for (const month of ['01', '02', '03'])
      await database.query(
        `CREATE TABLE public.events_2020_${month} PARTITION OF public.events FOR VALUES FROM ('2020-${month}-01Z') TO ('2020-${month}-28Z')`,
      );
    const tables = ['{ table: public.events, interval: 1 month, premake: 0, retention: { keep: 12 months, action: detach } }'];
    await using leader = await Leader.of(database, { top: `schedules: { ${everyTenSeconds} }\nsafety: { maxRemovals: 1 }`, tables });
    await leader.runner.fire('retention', 'requested');
    expect(leader.outcomes('retention')).toEqual(['ok']);
    expect(await attachedPartitions(database, 'public.events')).toHaveLength(3);
  });
});
