import { describe, expect, it } from 'vitest';
import { conductUpkeep } from '../../src/apply/upkeep/conduct.ts';
import { ConnectionError } from '../../src/errors.ts';
import type { UpkeepLimits } from '../../src/partition/policy.ts';
import type { Vacuum } from '../../src/plan/step.ts';
import { systemClock } from '../../src/postgres/clock.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { journalSchema } from '../support/steps.ts';
import {
  amountIndex,
  type Conducting,
  conducting,
  createRevenues,
  delegate,
  invalidIndexes,
  noLimits,
  operations,
  outcomesOf,
  type UpkeepSteps,
} from '../support/upkeep.ts';
import { waitFor } from '../support/wait-for.ts';
import { waitForLockWaiter } from '../support/wait-for-lock.ts';

const never = new AbortController().signal;
const months = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i + 1);
const window = { cron: '0 2 * * *', durationMs: 3_600_000, timezone: 'UTC' };

/** So slow that it is at work until somebody cancels it. */
function endless(steps: UpkeepSteps, partition: string, limits: Partial<UpkeepLimits> = {}): Vacuum {
  return steps.vacuum(partition, { limits: { ...noLimits, costDelayMs: 100, costLimit: 1, ...limits } });
}

/** Enough dirty pages that the cost delay of `endless` counts. */
async function spoil(db: TestDatabase): Promise<void> {
  await db.query('UPDATE revenues SET amount = amount + 1');
}

/** Pids of backends that run a command that begins so, once there are `count` of them. */
async function running(db: TestDatabase, command: string, count = 1): Promise<readonly number[]> {
  const seen = await waitFor(
    `${count} x ${command}`,
    () =>
      db.query<{ pid: number }>(
        "SELECT pid FROM pg_stat_activity WHERE state = 'active' AND datname = current_database() AND query LIKE $1",
        [`/* partitiond:%*/ ${command}%`],
      ),
    (rows) => rows.length >= count,
  );
  return seen.map(({ pid }) => pid);
}

/** Reads once somebody waits for ACCESS EXCLUSIVE. */
async function later(reader: { query(sql: string): Promise<unknown> }, db: TestDatabase): Promise<void> {
  await waitForLockWaiter(db, ({ mode }) => mode === 'AccessExclusiveLock');
  await reader.query('SELECT count(*) FROM revenues_1');
}

function held({ events }: Conducting): readonly (string | null)[] {
  return events.flatMap((event) => (event.kind === 'upkeep-held' ? [event.reason] : []));
}

function blocked({ events }: Conducting): readonly number[] {
  return events.flatMap((event) => (event.kind === 'sessions-blocked' ? [event.count] : []));
}

describe('conducting upkeep', () => {
  it('vacuums partitions side by side, the table itself alone, and reports in the order of the steps', async () => {
    await using db = await createDatabase();
    const steps = await createRevenues(db, 4);
    await using open = await conducting(db);
    const wanted = [steps.analyze('revenues'), ...months(4).map((n) => steps.vacuum(`revenues_${n}`))];
    const reports = await conductUpkeep(open.session, wanted, open.context(), never);
    expect(reports.map(({ error }) => error)).toEqual([null, null, null, null, null]);
    expect(reports.map(({ step }) => step)).toEqual(wanted);
    expect(open.workers.length).toBe(2);
    expect(new Set((await operations(db)).map(({ outcome }) => outcome))).toEqual(new Set(['ok']));
    const finished = open.events.flatMap((event) => (event.kind === 'step-finished' ? event.sql : []));
    expect(finished.length).toBe(5);
    expect(
      await db.query("SELECT FROM pg_stat_activity WHERE application_name = 'partitiond:maintenance' AND datname = current_database()"),
    ).toHaveLength(1);
  });

  it('works on as many partitions as the policy allows, and no more', async () => {
    await using db = await createDatabase();
    const steps = await createRevenues(db, 4);
    await using open = await conducting(db);
    const writer = await db.client();
    await writer.query('BEGIN; UPDATE revenues SET amount = 0 WHERE id = 1');
    const limits = { ...noLimits, concurrency: 3 };
    const wanted = months(4).flatMap((n) => [
      steps.createIndex(`revenues_${n}`, `one_${n}`, { limits }),
      steps.createIndex(`revenues_${n}`, `two_${n}`, { limits, definition: { ...amountIndex, name: 'two' } }),
    ]);
    const done = conductUpkeep(open.session, wanted, open.context(), never);
    await running(db, 'CREATE INDEX CONCURRENTLY', 3);
    const begun = open.events.flatMap((event) => (event.kind === 'step-started' ? [event.step.partition.name] : []));
    expect(new Set(begun)).toEqual(new Set(['revenues_1', 'revenues_2', 'revenues_3']));
    expect(begun.length).toBe(3);
    await writer.query('COMMIT');
    expect((await done).map(({ outcome }) => outcome)).toEqual(Array.from({ length: 8 }, () => 'ok'));
    expect(open.workers.length).toBe(3);
  });

  it('takes what is urgent first, and reports in the order of the steps all the same', async () => {
    await using db = await createDatabase();
    const steps = await createRevenues(db, 2);
    await using open = await conducting(db);
    const limits = { ...noLimits, concurrency: 1 };
    const wanted = [steps.vacuum('revenues_1', { limits }), steps.vacuum('revenues_2', { limits, freeze: true })];
    const reports = await conductUpkeep(open.session, wanted, open.context(), never);
    expect(outcomesOf(reports)).toEqual(['vacuum revenues_1 ok', 'vacuum revenues_2 ok']);
    const begun = open.events.flatMap((event) => (event.kind === 'step-started' ? [event.step.partition.name] : []));
    expect(begun).toEqual(['revenues_2', 'revenues_1']);
  });

  it('rolls an index out from below, until the one of the table is valid', async () => {
    await using db = await createDatabase();
    const steps = await createRevenues(db, 3);
    await using open = await conducting(db);
    const onPartitions = [3, 2, 1].flatMap((n) => [
      steps.createIndex(`revenues_${n}`, `revenues_${n}_amount`),
      steps.attachIndex(`revenues_${n}`, `revenues_${n}_amount`),
    ]);
    const wanted = [steps.createIndex('revenues', 'revenues_amount'), ...onPartitions];
    const reports = await conductUpkeep(open.session, wanted, open.context(), never);
    expect(reports.map(({ error }) => error)).toEqual(wanted.map(() => null));
    expect(await invalidIndexes(db)).toEqual([]);
  });

  it('leaves out what builds on an index that failed, and nothing else', async () => {
    await using db = await createDatabase();
    const steps = await createRevenues(db, 2);
    await db.query('INSERT INTO revenues_1 SELECT * FROM revenues_1 LIMIT 1');
    await using open = await conducting(db);
    const unique = {
      ...amountIndex,
      name: 'unique',
      isUnique: true,
      keys: [...amountIndex.keys, { kind: 'column' as const, column: 'at', options: '' }],
    };
    const parentIndex = { schema: 'public', name: 'unique' };
    const wanted = [
      steps.createIndex('revenues', 'unique', { definition: unique }),
      ...[1, 2].flatMap((n) => [
        steps.createIndex(`revenues_${n}`, `unique_${n}`, { definition: unique }),
        steps.attachIndex(`revenues_${n}`, `unique_${n}`, { parentIndex }),
        steps.createIndex(`revenues_${n}`, `plain_${n}`),
        steps.vacuum(`revenues_${n}`),
      ]),
    ];
    const reports = await conductUpkeep(open.session, wanted, open.context(), never);
    expect(outcomesOf(reports)).toEqual([
      'create-index revenues ok',
      'create-index revenues_1 failed',
      'attach-index revenues_1 skipped',
      'create-index revenues_1 ok',
      'vacuum revenues_1 ok',
      'create-index revenues_2 ok',
      'attach-index revenues_2 ok',
      'create-index revenues_2 ok',
      'vacuum revenues_2 ok',
    ]);
  });

  it('leaves to the next run what builds on an index that is', async () => {
    await using db = await createDatabase();
    const steps = await createRevenues(db, 1);
    await using open = await conducting(db);
    const holder = await db.client();
    await holder.query('BEGIN; LOCK TABLE revenues_1 IN SHARE MODE');
    const wanted = [
      steps.createIndex('revenues', 'revenues_amount'),
      steps.createIndex('revenues_1', 'one'),
      steps.attachIndex('revenues_1', 'one'),
    ];
    const reports = await conductUpkeep(open.session, wanted, open.context(), never);
    expect(outcomesOf(reports)).toEqual([
      'create-index revenues ok',
      'create-index revenues_1 skipped locked',
      'attach-index revenues_1 skipped locked',
    ]);
  });

  it('begins no index of a partition whose index of the table cannot be made', async () => {
    await using db = await createDatabase();
    const steps = await createRevenues(db, 1);
    await using open = await conducting(db);
    const definition = { ...amountIndex, keys: [{ kind: 'column' as const, column: 'nonesuch', options: '' }] };
    const wanted = [
      steps.createIndex('revenues', 'revenues_amount', { definition }),
      steps.createIndex('revenues_1', 'one', { definition }),
      steps.vacuum('revenues_1'),
    ];
    const reports = await conductUpkeep(open.session, wanted, open.context(), never);
    expect(outcomesOf(reports)).toEqual(['create-index revenues failed', 'create-index revenues_1 skipped', 'vacuum revenues_1 ok']);
  });
});

describe('an application behind upkeep', () => {
  it('does not wait for VACUUM: it is cancelled for whoever waits behind it', async () => {
    await using db = await createDatabase();
    const steps = await createRevenues(db, 1, 20_000);
    await spoil(db);
    await using open = await conducting(db);
    const done = conductUpkeep(open.session, [endless(steps, 'revenues_1')], open.context(), never);
    await running(db, 'VACUUM');
    const owner = await db.client();
    // Behind this one every reader and writer of the partition would wait.
    const locked = owner.query('BEGIN; LOCK TABLE revenues_1 IN ACCESS EXCLUSIVE MODE');
    expect(outcomesOf(await done)).toEqual(['vacuum revenues_1 skipped blocking']);
    await locked;
    expect(blocked(open)).toEqual([1, 0]);
    expect(await operations(db)).toMatchObject([{ outcome: 'skipped', error: 'blocking' }]);
  });

  it('is counted, all of it, while it waits behind a build that goes on', async () => {
    await using db = await createDatabase();
    const steps = await createRevenues(db, 1);
    await using open = await conducting(db);
    const old = await db.client();
    await old.query('BEGIN; UPDATE revenues_1 SET amount = 0 WHERE id = 1');
    const done = conductUpkeep(open.session, [steps.createIndex('revenues_1', 'one')], open.context(), never);
    await running(db, 'CREATE INDEX CONCURRENTLY');
    // They give up before the build goes on: it waits for the snapshots that both have while they wait, and PostgreSQL would end one of the three.
    const [owner, reader] = [await db.client(), await db.client()];
    const behind = Promise.allSettled([owner.query('ALTER TABLE revenues_1 ALTER amount SET NOT NULL'), later(reader, db)]);
    await waitFor(
      'two behind the build',
      () => blocked(open),
      (counts) => counts.includes(2),
    );
    await db.query("SELECT pg_cancel_backend(pid) FROM pg_locks WHERE relation = 'revenues_1'::regclass AND NOT granted");
    await behind;
    await old.query('COMMIT');
    expect(outcomesOf(await done)).toEqual(['create-index revenues_1 ok']);
    expect(blocked(open).at(-1)).toBe(0);
  });
});

describe('a look that fails', () => {
  it('does not end the run, the first one neither', async () => {
    await using db = await createDatabase();
    const steps = await createRevenues(db, 1);
    await using open = await conducting(db);
    let looks = 0;
    const session = delegate(open.session, {
      rows: async (query, parameters, decode, signal) => {
        looks += 1;
        if (looks > 1) return await open.session.rows(query, parameters, decode, signal);
        await open.session.execute('SELECT 1 / 0', signal);
        return [];
      },
    });
    const step = steps.vacuum('revenues_1', { limits: { ...noLimits, window } });
    const moments: bigint[] = [];
    const windowEnd = (_: unknown, now: bigint): bigint => {
      moments.push(now);
      return now + 60_000_000n;
    };
    expect(outcomesOf(await conductUpkeep(session, [step], open.context({ windowEnd }), never))).toEqual(['vacuum revenues_1 ok']);
    expect(moments.every((now) => now > 1_700_000_000_000_000n)).toBe(true);
  });
});

describe('what begins nothing further', () => {
  it('is the end of the window, which also cancels what is at work', async () => {
    await using db = await createDatabase();
    const steps = await createRevenues(db, 2, 20_000);
    await spoil(db);
    await using open = await conducting(db);
    const limits = { window, concurrency: 1 };
    let isClosed = false;
    const context = open.context({ windowEnd: (_, now) => (isClosed ? null : now + 1n) });
    const done = conductUpkeep(open.session, [endless(steps, 'revenues_1', limits), endless(steps, 'revenues_2', limits)], context, never);
    await running(db, 'VACUUM');
    isClosed = true;
    expect(outcomesOf(await done)).toEqual(['vacuum revenues_1 skipped window', 'vacuum revenues_2 skipped window']);
    expect(await operations(db)).toHaveLength(1);
  });

  it('is a closed window, but not for tables without one', async () => {
    await using db = await createDatabase();
    const steps = await createRevenues(db, 2);
    await using open = await conducting(db);
    const wanted = [steps.vacuum('revenues_1', { limits: { ...noLimits, window } }), steps.vacuum('revenues_2')];
    const reports = await conductUpkeep(open.session, wanted, open.context(), never);
    expect(outcomesOf(reports)).toEqual(['vacuum revenues_1 skipped window', 'vacuum revenues_2 ok']);
  });

  it('is a plan that has grown old, which lets the partition at work end', async () => {
    await using db = await createDatabase();
    const steps = await createRevenues(db, 2);
    await using open = await conducting(db);
    const old = await db.client();
    await old.query('BEGIN; UPDATE revenues_1 SET amount = 0 WHERE id = 1');
    const limits = { ...noLimits, concurrency: 1 };
    const wanted = [
      steps.createIndex('revenues_1', 'one', { limits }),
      steps.vacuum('revenues_1', { limits }),
      steps.vacuum('revenues_2', { limits }),
    ];
    let passedMs = 0;
    const clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + passedMs };
    const context = open.context({ clock, freshUntilMs: clock.monotonicMs() + 3_600_000 });
    const done = conductUpkeep(open.session, wanted, context, never);
    await running(db, 'CREATE INDEX CONCURRENTLY');
    passedMs = 3_600_001;
    await old.query('COMMIT');
    expect(outcomesOf(await done)).toEqual(['create-index revenues_1 ok', 'vacuum revenues_1 ok', 'vacuum revenues_2 skipped later']);
  });

  it('is a pause, which lets what is at work end', async () => {
    await using db = await createDatabase();
    const steps = await createRevenues(db, 2);
    await using open = await conducting(db);
    const old = await db.client();
    await old.query('BEGIN; UPDATE revenues_1 SET amount = 0 WHERE id = 1');
    const limits = { ...noLimits, concurrency: 1 };
    let asked = 0;
    const isPaused = async (): Promise<boolean> => {
      asked += 1;
      return true;
    };
    const wanted = [steps.createIndex('revenues_1', 'one', { limits }), steps.vacuum('revenues_2', { limits })];
    const done = conductUpkeep(open.session, wanted, open.context({ isPaused }), never);
    await waitFor(
      'the pause to be seen',
      () => asked,
      (times) => times > 0,
    );
    await old.query('COMMIT');
    expect(outcomesOf(await done)).toEqual(['create-index revenues_1 ok', 'vacuum revenues_2 refused']);
  });

  it('is an abort, which cancels what is at work', async () => {
    await using db = await createDatabase();
    const steps = await createRevenues(db, 2, 20_000);
    await spoil(db);
    await using open = await conducting(db);
    const abort = new AbortController();
    const limits = { concurrency: 1 };
    const wanted = [endless(steps, 'revenues_1', limits), endless(steps, 'revenues_2', limits)];
    const done = conductUpkeep(open.session, wanted, open.context(), abort.signal);
    await running(db, 'VACUUM');
    abort.abort(new Error('the test ends it'));
    expect(outcomesOf(await done)).toEqual(['vacuum revenues_1 skipped', 'vacuum revenues_2 skipped']);
    expect(await operations(db)).toMatchObject([{ outcome: 'skipped' }]);
  });

  it('is a lost leadership, which one step tells', async () => {
    await using db = await createDatabase();
    const steps = await createRevenues(db, 4, 20_000);
    await spoil(db);
    await using open = await conducting(db);
    await db.query(`INSERT INTO ${journalSchema}.leadership (epoch, holder, configuration_generation) VALUES (1, 'us', 'x')`);
    const limits = { ...noLimits, concurrency: 2 };
    const wanted = [endless(steps, 'revenues_1'), ...[2, 3, 4].map((n) => steps.createIndex(`revenues_${n}`, `one_${n}`, { limits }))];
    const old = await db.client();
    await old.query('BEGIN; UPDATE revenues_2 SET amount = 0 WHERE id = 1');
    const done = conductUpkeep(open.session, wanted, open.context({ epochGuard: `SELECT ${journalSchema}.require_epoch(1)` }), never);
    await running(db, 'VACUUM');
    await running(db, 'CREATE INDEX CONCURRENTLY');
    await db.query(`UPDATE ${journalSchema}.leadership SET epoch = 2`);
    await old.query('COMMIT');
    const reports = await done;
    expect(outcomesOf(reports).slice(1)).toEqual([
      'create-index revenues_2 ok',
      'create-index revenues_3 failed',
      'create-index revenues_4 skipped',
    ]);
    expect(reports[2]?.error?.code).toBe('PD301');
    expect(reports[0]?.outcome).not.toBe('ok');
  });

  it('is a leadership that was lost before: not even a VACUUM is begun', async () => {
    await using db = await createDatabase();
    const steps = await createRevenues(db, 2);
    await using open = await conducting(db);
    const context = open.context({ epochGuard: `SELECT ${journalSchema}.require_epoch(7)` });
    const reports = await conductUpkeep(open.session, [steps.vacuum('revenues_1'), steps.vacuum('revenues_2')], context, never);
    expect(outcomesOf(reports)).toEqual(['vacuum revenues_1 failed', 'vacuum revenues_2 skipped']);
    expect(reports[0]?.error?.code).toBe('PD301');
    expect(open.events.filter(({ kind }) => kind === 'step-started')).toEqual([]);
  });

  it('is too many sessions that wait for locks, for as long as they do', async () => {
    await using db = await createDatabase();
    const steps = await createRevenues(db, 2);
    await using open = await conducting(db);
    const [holder, waiter] = [await db.client(), await db.client()];
    await holder.query('BEGIN; LOCK TABLE revenues_2');
    const waiting = waiter.query('SELECT count(*) FROM revenues_2');
    await waitFor(
      'the waiter',
      () => db.query('SELECT FROM pg_locks WHERE NOT granted'),
      (rows) => rows.length > 0,
    );
    const step = steps.vacuum('revenues_1', { limits: { ...noLimits, maxLockWaiters: 0 } });
    const done = conductUpkeep(open.session, [step], open.context(), never);
    await waitFor(
      'the hold',
      () => held(open),
      (reasons) => reasons.length > 0,
    );
    expect(open.events.filter(({ kind }) => kind === 'step-started')).toEqual([]);
    await holder.query('COMMIT');
    await waiting;
    expect(outcomesOf(await done)).toEqual(['vacuum revenues_1 ok']);
    expect(held(open)).toEqual(['lock-waiters', null]);
  });
});

describe('sessions of workers', () => {
  it('are replaced when they are lost, and only the step that was at work has failed', async () => {
    await using db = await createDatabase();
    const steps = await createRevenues(db, 2, 20_000);
    await spoil(db);
    await using open = await conducting(db);
    const limits = { concurrency: 1 };
    const wanted = [endless(steps, 'revenues_1', limits), steps.vacuum('revenues_2', { limits: { ...noLimits, concurrency: 1 } })];
    const done = conductUpkeep(open.session, wanted, open.context(), never);
    const [pid] = await running(db, 'VACUUM');
    await db.query('SELECT pg_terminate_backend($1)', [pid]);
    const reports = await done;
    expect(outcomesOf(reports)).toEqual(['vacuum revenues_1 failed', 'vacuum revenues_2 ok']);
    expect(reports[0]?.error).toMatchObject({ name: 'StatementError', code: 'PD523', cause: expect.any(ConnectionError) });
  });

  it('may be fewer than wanted; where none can be had, the first step says why', async () => {
    await using db = await createDatabase();
    const steps = await createRevenues(db, 3);
    await using open = await conducting(db);
    const refused = new ConnectionError('PD205', 'too many clients already');
    let calls = 0;
    const { connect } = open.context();
    const once = async (signal: AbortSignal) => {
      calls += 1;
      return calls === 1 ? await connect(signal) : await Promise.reject(refused);
    };
    const wanted = months(3).map((n) => steps.vacuum(`revenues_${n}`));
    expect(outcomesOf(await conductUpkeep(open.session, wanted, open.context({ connect: once }), never))).toEqual([
      'vacuum revenues_1 ok',
      'vacuum revenues_2 ok',
      'vacuum revenues_3 ok',
    ]);
    const reports = await conductUpkeep(open.session, wanted, open.context({ connect: () => Promise.reject(refused) }), never);
    expect(reports.filter(({ error }) => error?.code === 'PD523' && error.cause === refused)).toHaveLength(1);
    expect(new Set(reports.map(({ outcome }) => outcome))).toEqual(new Set(['failed', 'skipped']));
  });

  it('write down the beginning of a VACUUM that takes long, once', async () => {
    await using db = await createDatabase();
    const steps = await createRevenues(db, 1, 20_000);
    await spoil(db);
    await using open = await conducting(db);
    const abort = new AbortController();
    const done = conductUpkeep(open.session, [endless(steps, 'revenues_1')], open.context(), abort.signal);
    await waitFor(
      'the entry',
      () => operations(db),
      (entries) => entries.length > 0,
    );
    expect(await operations(db)).toMatchObject([{ kind: 'vacuum', outcome: null }]);
    abort.abort(new Error('the test ends it'));
    await done;
    expect(await operations(db)).toMatchObject([{ kind: 'vacuum', outcome: 'skipped' }]);
  });

  it('tell how far they are', async () => {
    await using db = await createDatabase();
    const steps = await createRevenues(db, 1);
    await using open = await conducting(db);
    const old = await db.client();
    await old.query('BEGIN; UPDATE revenues_1 SET amount = 0 WHERE id = 1');
    const step = steps.createIndex('revenues_1', 'one');
    const context = open.context({
      readProgress: async (_, pids) =>
        pids.map((pid) => ({ pid, relationOid: step.partitionOid, command: 'create-index', phase: 'waiting', done: 1, total: 2 })),
    });
    const done = conductUpkeep(open.session, [step], context, never);
    await waitFor(
      'progress',
      () => open.events,
      (events) => events.some(({ kind }) => kind === 'step-progress'),
    );
    await old.query('COMMIT');
    expect(outcomesOf(await done)).toEqual(['create-index revenues_1 ok']);
    expect(open.events).toContainEqual({ kind: 'step-progress', step, phase: 'waiting', done: 1, total: 2 });
  });
});
