import { describe, expect, it } from 'vitest';
import { setPause } from '../../src/journal/pause.ts';
import { readProbeRecords } from '../../src/journal/probe-records.ts';
import type { ProbeRecord } from '../../src/partition/probe-record.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { everyTenSeconds, Leader } from '../support/leader.ts';
import { noAbort, openSession } from '../support/open-session.ts';
import { waitFor } from '../support/wait-for.ts';

const labels = 'database="app",schema="public",table="events"';
const longestWait = { timeoutMs: 30_000 };
const day = `{ name: day, sql: "SELECT count(*) FROM public.events WHERE at >= $1 AND at < $2", params: ["2025-02-03", "2025-02-04"], expect: { partitions: 1 } }`;
const all = '{ name: all, sql: "SELECT count(*) FROM public.events", expect: { partitions: 2 } }';
const broken = '{ name: broken, sql: "SELECT nothing FROM public.events", expect: { partitions: 1 } }';

function events(...probes: readonly string[]): readonly string[] {
  return [`{ table: public.events, interval: 1 month, premake: 1, probes: [${probes.join(', ')}] }`];
}

async function createEvents(database: TestDatabase): Promise<void> {
  await database.query(`
    CREATE TABLE public.events (id int8, at timestamptz NOT NULL) PARTITION BY RANGE (at);
    CREATE TABLE public.events_1 PARTITION OF public.events FOR VALUES FROM ('2025-01-01Z') TO ('2025-02-01Z');
    CREATE TABLE public.events_2 PARTITION OF public.events FOR VALUES FROM ('2025-02-01Z') TO ('2025-03-01Z');
    CREATE TABLE public.events_3 PARTITION OF public.events FOR VALUES FROM ('2025-03-01Z') TO ('2025-04-01Z')`);
}

async function journalled(database: TestDatabase): Promise<readonly ProbeRecord[]> {
  await using session = await openSession(database);
  return await readProbeRecords(session, 'partitiond', noAbort);
}

/** Samples of probes that are no counter, without the labels of the table. */
async function gauges(leader: Leader): Promise<Readonly<Record<string, number>>> {
  const lines = (await leader.metrics.render(60_000)).split('\n');
  const samples = lines.flatMap((line) => {
    const [, name, probe, value] = /^partitiond_probe_(\w+)\{.*,probe="(\w+)"\} (\S+)$/.exec(line) ?? [];
    return name === undefined ? [] : [[`${probe} ${name}`, Number(value)] as const];
  });
  return Object.fromEntries(samples);
}

async function runs(leader: Leader, probe: string, outcome: string): Promise<number> {
  const line = (await leader.metrics.render(60_000))
    .split('\n')
    .find((one) => one.startsWith(`partitiond_probe_runs_total{${labels},probe="${probe}",outcome="${outcome}"} `));
  return Number(line?.split(' ').at(-1));
}

describe('the task probe', () => {
  it('keeps what it found in the journal and in the metrics; a miss is no failure', async () => {
    await using database = await createDatabase();
    await createEvents(database);
    await using leader = await Leader.of(database, { tables: events(day, all) });
    await leader.runner.fire('probe', 'scheduled');
    expect(leader.outcomes('probe')).toEqual(['ok']);
    const [ofAll, ofDay] = await journalled(database);
    expect(ofDay).toMatchObject({ probe: 'day', outcome: 'met', scanned: 1, total: 3, allowed: 1, problems: [], lastMiss: null });
    expect(ofAll).toMatchObject({ probe: 'all', outcome: 'missed', scanned: 3, total: 3, allowed: 2 });
    expect(ofAll?.problems).toEqual([expect.stringContaining('3 of 3 partitions'), expect.stringContaining('Add a condition')]);
    expect(ofAll?.lastMiss?.at).toBe(ofAll?.ranAt);
    expect(ofAll?.lastMiss?.report).toContain('events_3');
    expect(await gauges(leader)).toMatchObject({
      'day success': 1,
      'day partitions_scanned': 1,
      'day partitions_allowed': 1,
      'day last_run_timestamp_seconds': Number(ofDay?.ranAt) / 1e6,
      'all success': 0,
      'all partitions_scanned': 3,
    });
    expect(await runs(leader, 'day', 'met')).toBe(1);
    expect(await runs(leader, 'all', 'missed')).toBe(1);
    expect(leader.linesOf('probe missed')).toMatchObject([{ level: 'warn', table: 'public.events', probe: 'all', reason: 'no-condition' }]);
    expect(leader.linesOf('probe met')).toMatchObject([{ level: 'debug', probe: 'day' }]);
  });

  it('has failed when a probe could not be run, while the others did; it is not spared the next time', async () => {
    await using database = await createDatabase();
    await createEvents(database);
    await using leader = await Leader.of(database, { tables: events(broken, day) });
    await leader.runner.fire('probe', 'scheduled');
    await leader.runner.fire('probe', 'scheduled');
    expect(leader.outcomes('probe')).toEqual(['failed', 'failed']);
    expect((await journalled(database)).map(({ probe, outcome }) => [probe, outcome])).toEqual([
      ['broken', 'failed'],
      ['day', 'met'],
    ]);
    expect(
      Object.keys(await gauges(leader))
        .filter((name) => name.startsWith('broken'))
        .toSorted(),
    ).toEqual(['broken last_run_timestamp_seconds', 'broken partitions_allowed', 'broken success']);
    expect(await runs(leader, 'broken', 'failed')).toBe(2);
    expect(await runs(leader, 'day', 'met')).toBe(2);
    expect(leader.linesOf('probe failed').map((line) => line['level'])).toEqual(['warn', 'debug']);
  });

  it('forgets a probe that the configuration no longer has', async () => {
    await using database = await createDatabase();
    await createEvents(database);
    {
      await using before = await Leader.of(database, { tables: events(day, all) });
      await before.runner.fire('probe', 'scheduled');
    }
    await using leader = await Leader.of(database, { tables: events(day) });
    await leader.runner.fire('probe', 'scheduled');
    expect((await journalled(database)).map(({ probe }) => probe)).toEqual(['day']);
  });

  it('writes nothing, and ends the term, when another one leads by now', async () => {
    await using database = await createDatabase();
    await createEvents(database);
    await using leader = await Leader.of(database, { tables: events(day) });
    await database.query('UPDATE partitiond.leadership SET epoch = epoch + 1');
    await leader.runner.fire('probe', 'scheduled');
    expect(leader.fenced).toMatchObject([{ code: 'PD301' }]);
    expect(await journalled(database)).toEqual([]);
  });

  it('runs while work is paused, and is owed nothing afterwards', async () => {
    await using database = await createDatabase();
    await createEvents(database);
    await using leader = await Leader.of(database, { tables: events(day) });
    {
      await using session = await openSession(database);
      await setPause(session, 'partitiond', { reason: 'upgrade', by: 'me' }, noAbort);
    }
    await leader.runner.fire('probe', 'scheduled');
    expect(leader.outcomes('probe')).toEqual(['ok']);
    expect(leader.runner.isPaused).toBe(true);
    expect(await journalled(database)).toMatchObject([{ probe: 'day', outcome: 'met' }]);
    await database.query('DELETE FROM partitiond.pause');
    await leader.runner.fire('collect', 'scheduled');
    await leader.runner.idle();
    expect(leader.outcomes('probe')).toEqual(['ok']);
  });

  it('that takes longer than schedules.maxRuntime is stopped, waits before the next firing, and not for whoever asks', async () => {
    await using database = await createDatabase();
    await createEvents(database);
    const slow =
      '{ name: slow, sql: "SELECT pg_sleep(60), at FROM public.events LIMIT 1", analyze: true, timeout: 30s, expect: { partitions: 3 } }';
    await database.query("INSERT INTO public.events VALUES (1, '2025-01-05Z')");
    await using leader = await Leader.of(database, { top: `schedules: { ${everyTenSeconds}, maxRuntime: 1s }`, tables: events(slow) });
    await leader.runner.fire('probe', 'requested');
    expect(leader.outcomes('probe')).toEqual(['failed']);
    expect(leader.linesOf('task failed')).toMatchObject([{ task: 'probe', code: 'PD505' }]);
    expect(await journalled(database)).toEqual([]);
    await leader.runner.fire('probe', 'scheduled');
    expect(leader.linesOf('task skipped')).toMatchObject([{ task: 'probe', reason: 'it waits after failures' }]);
    await database.query('TRUNCATE public.events');
    await leader.runner.fire('probe', 'requested');
    expect(leader.outcomes('probe')).toEqual(['failed', 'ok']);
  });

  it('goes beside a step that waits for its lock, under a name of its own', async () => {
    await using database = await createDatabase();
    await createEvents(database);
    const top = `schedules: { ${everyTenSeconds} }\nsafety: { lockTimeout: 1s, lockBudget: 1m }`;
    await using leader = await Leader.of(database, {
      top,
      tables: events(
        '{ name: slow, sql: "SELECT pg_sleep(60), at FROM public.events LIMIT 1", analyze: true, timeout: 2s, expect: { partitions: 3 } }',
      ),
    });
    await database.query("INSERT INTO public.events VALUES (1, '2025-01-05Z')");
    const blocker = await database.client();
    await blocker.query('BEGIN; LOCK TABLE public.events IN SHARE UPDATE EXCLUSIVE MODE');
    const provision = leader.runner.fire('provision', 'requested');
    const probing = leader.runner.fire('probe', 'requested');
    await waitFor(
      'both at work',
      () =>
        database.query<{ name: string }>(
          "SELECT application_name AS name FROM pg_stat_activity WHERE datname = current_database() AND application_name IN ('partitiond:run', 'partitiond:probe') ORDER BY 1",
        ),
      (rows) => rows.length === 2,
      longestWait,
    );
    await probing;
    expect(leader.outcomes('probe')).toEqual(['failed']);
    expect(leader.outcomes('provision')).toEqual([]);
    expect(await journalled(database)).toMatchObject([{ probe: 'slow', outcome: 'failed' }]);
    await blocker.query('ROLLBACK');
    await provision;
    expect(leader.outcomes('provision')).toEqual(['ok']);
  });
});

describe('a probe that does harm', () => {
  const at5 = "INSERT INTO public.events VALUES (1, '2025-01-05Z')";

  it('to its own connection is run once, and the others are kept in the journal', async () => {
    await using database = await createDatabase();
    await createEvents(database);
    await database.query(`${at5};
      CREATE FUNCTION public.boom() RETURNS int8 LANGUAGE sql AS $$ SELECT count(pg_terminate_backend(pg_backend_pid())) $$`);
    const boom = '{ name: boom, sql: "SELECT public.boom(), at FROM public.events LIMIT 1", analyze: true, expect: { partitions: 3 } }';
    await using leader = await Leader.of(database, { tables: events(boom, day) });
    await leader.runner.fire('probe', 'requested');
    expect(leader.outcomes('probe')).toEqual(['failed']);
    expect((await journalled(database)).map(({ probe, outcome }) => [probe, outcome])).toEqual([
      ['boom', 'failed'],
      ['day', 'met'],
    ]);
    expect(leader.linesOf('probe failed')).toMatchObject([{ level: 'warn', probe: 'boom', table: 'public.events', code: 'PD534' }]);
    expect(leader.linesOf('task failed')).toEqual([]);
    expect(await runs(leader, 'boom', 'failed')).toBe(1);
    expect(leader.linesOf('probes may do harm')).toMatchObject([{ level: 'warn', database: 'app' }]);
    await leader.runner.fire('probe', 'requested');
    expect(leader.linesOf('probes may do harm')).toHaveLength(1);
  });

  it('to somebody who waits behind it gives way', async () => {
    await using database = await createDatabase();
    await createEvents(database);
    await database.query(at5);
    const slow =
      '{ name: slow, sql: "SELECT pg_sleep(600), at FROM public.events LIMIT 1", analyze: true, timeout: 10m, expect: { partitions: 3 } }';
    const top = `schedules: { ${everyTenSeconds} }\nsafety: { lockTimeout: 200ms }`;
    await using leader = await Leader.of(database, { top, tables: events(slow, day) });
    const probing = leader.runner.fire('probe', 'requested');
    await waitFor(
      'the probe at work',
      () => database.query("SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'"),
      (rows) => rows.length === 1,
      longestWait,
    );
    // Nobody but the probe would end this wait.
    await database.query('ALTER TABLE public.events ADD COLUMN more int4');
    await probing;
    expect((await journalled(database)).map(({ probe, outcome }) => [probe, outcome])).toEqual([
      ['day', 'met'],
      ['slow', 'failed'],
    ]);
    const [line] = leader.linesOf('probe failed');
    expect(line).toMatchObject({ probe: 'slow', code: 'PD535' });
    expect(line?.['error']).toMatch(/^It gave way: another session waited behind it for AccessExclusiveLock on public\.events, for \d+ ms/);
  });
});

describe('recorded statements', () => {
  const audits = (leader: Leader): number => leader.told.filter(([method]) => method === 'statementsAudited').length;

  it('are looked at every 15 minutes, and whenever somebody asks', async () => {
    await using database = await createDatabase();
    await createEvents(database);
    await using leader = await Leader.of(database, { tables: events(day) });
    const run = async (minutes: number, how: 'scheduled' | 'requested' = 'scheduled'): Promise<number> => {
      leader.aheadMs = minutes * 60_000;
      await leader.runner.fire('probe', how);
      return audits(leader);
    };
    expect([await run(0), await run(5), await run(10), await run(15), await run(20), await run(20, 'requested'), await run(30)]).toEqual([
      1, 1, 1, 2, 2, 3, 3,
    ]);
  });

  it('that touch every partition are counted, with their part of the time, and never told', async () => {
    await using database = await createDatabase();
    await createEvents(database);
    await database.query('CREATE EXTENSION IF NOT EXISTS pg_stat_statements');
    await using leader = await Leader.of(database, { tables: events(day) });
    const value = async (name: string): Promise<number> => {
      const lines = (await leader.metrics.render(60_000)).split('\n');
      const line = lines.find((one) => one.startsWith(`partitiond_${name}{${labels}}`));
      return Number(line?.split(' ').at(-1));
    };
    // The server that all tests share has room for so many statements, and forgets the rarest.
    await waitFor(
      'a statement that touches every partition',
      async () => {
        await database.query(
          "SELECT id AS planted FROM public.events WHERE id = 4711; SELECT id FROM public.events WHERE at = '2025-01-05Z'",
        );
        await leader.runner.fire('probe', 'requested');
        return await value('table_unpruned_statements');
      },
      (count) => count >= 1,
      longestWait,
    );
    expect(await value('table_unpruned_statement_time_ratio')).toBeGreaterThan(0);
    expect(JSON.stringify(leader.lines)).not.toContain('planted');
  });

  it('that cannot be looked at do not fail the probes', async () => {
    await using database = await createDatabase();
    await createEvents(database);
    await using leader = await Leader.of(database, { tables: events(day) });
    // A relation of that name, with nothing in it that the extension has.
    await database.query('CREATE EXTENSION IF NOT EXISTS pg_stat_statements');
    await database.query('ALTER VIEW public.pg_stat_statements RENAME COLUMN queryid TO no_queryid');
    await leader.runner.fire('probe', 'requested');
    expect(leader.outcomes('probe')).toEqual(['ok']);
    expect(leader.linesOf('statements not looked at')).toMatchObject([{ level: 'warn', database: 'app', code: 'PD501' }]);
    expect(leader.told.filter(([method]) => method === 'statementsAudited')).toEqual([['statementsAudited', 'app', null]]);
  });
});
