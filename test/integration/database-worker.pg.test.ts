import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startCluster } from '../support/cluster.ts';
import { createDatabase } from '../support/database.ts';
import { startPgBouncer } from '../support/pgbouncer.ts';
import { waitFor } from '../support/wait-for.ts';
import { AtWork, atEpoch, createEvents, House, lockHolders, longestWait, rarely, sessions } from '../support/worker-house.ts';

describe('a reload', () => {
  it('of another policy begins a new epoch and generation on the lock that is already held', async () => {
    await using database = await createDatabase();
    await createEvents(database);
    const house = new House();
    await using one = new AtWork(...house.load(database));
    await atEpoch(database, 1);
    const before = await lockHolders(database);
    one.worker.reconfigure(...house.load(database, { premake: 2 }));
    expect(await atEpoch(database, 2)).toMatchObject({ generation: 2 });
    expect(await lockHolders(database)).toEqual(before);
    await waitFor(
      'the partitions of the new policy',
      () => database.query("SELECT FROM pg_inherits WHERE inhparent = 'public.events'::regclass"),
      (rows) => rows.length === 3,
      longestWait,
    );
    expect(house.lastTold('generation')).toBe(2n);
    expect(one.worker.isLeading).toBe(true);
  });

  it('of other schedules begins a new epoch of the same generation', async () => {
    await using database = await createDatabase();
    const house = new House();
    await using one = new AtWork(...house.load(database));
    await atEpoch(database, 1);
    one.worker.reconfigure(
      ...house.load(database, { top: 'schedules: { provision: off, retention: off, maintenance: off, index: off, collect: "0 0 1 1 *" }' }),
    );
    expect(await atEpoch(database, 2)).toMatchObject({ generation: 1 });
    await waitFor(
      'the new schedules',
      () => one.worker.request('provision'),
      (answer) => answer === 'off',
      longestWait,
    );
  });

  it('that changes nothing of a database leaves its term alone', async () => {
    await using database = await createDatabase();
    const house = new House();
    await using one = new AtWork(...house.load(database));
    await waitFor(
      'a term',
      () => house.linesOf('leadership acquired').length,
      (count) => count === 1,
      longestWait,
    );
    one.worker.reconfigure(...house.load(database, { top: `${rarely}\nlog: { level: debug }\nhttp: { port: 1 }` }));
    expect(one.worker.request('collect')).not.toBe('not-leading');
    expect(house.linesOf('leadership ended')).toEqual([]);
    await atEpoch(database, 1);
  });

  it('of another journal or another way to the database connects anew', async () => {
    await using database = await createDatabase();
    const house = new House();
    await using one = new AtWork(...house.load(database));
    await atEpoch(database, 1);
    const [before] = await lockHolders(database);
    one.worker.reconfigure(...house.load(database, { schema: 'other' }));
    await atEpoch(database, 1, 'other');
    const [between, ...more] = await lockHolders(database);
    expect(more).toEqual([]);
    expect(between).not.toBe(before);
    const url = new URL(database.url);
    url.searchParams.set('connect_timeout', '10');
    one.worker.reconfigure(...house.load(database, { schema: 'other', url: url.href }));
    await atEpoch(database, 2, 'other');
    expect(await lockHolders(database)).not.toContain(between);
  });

  it('while the lock is being taken counts from the first term on', async () => {
    await using database = await createDatabase();
    const house = new House();
    await using one = new AtWork(...house.load(database, { premake: 1 }));
    one.worker.reconfigure(...house.load(database, { premake: 2 }));
    one.worker.reconfigure(...house.load(database, { premake: 3 }));
    await waitFor(
      'a term',
      () => house.linesOf('leadership acquired').length,
      (count) => count === 1,
      longestWait,
    );
    const [policy] = house.load(database, { premake: 3 });
    expect(house.told.find(([name]) => name === 'acquired')?.[1]).toMatchObject({ tables: policy.tables });
  });
});

describe('a drain', () => {
  it('gives the lock back for good, and the worker goes on until it is stopped', async () => {
    await using database = await createDatabase();
    const house = new House();
    await using one = new AtWork(...house.load(database));
    await atEpoch(database, 1);
    await Promise.all([one.worker.drain(), one.worker.drain()]);
    expect(await lockHolders(database)).toEqual([]);
    expect(await database.query(sessions)).toEqual([]);
    expect(one.worker.isLeading).toBe(false);
    expect(one.worker.request('provision')).toBe('not-leading');
    expect(house.lastTold('refused')).toBe('drained');
    expect(house.linesOf('refusing to lead')).toMatchObject([{ reason: 'drained' }]);
    one.worker.reconfigure(...house.load(database, { premake: 2 }));
    await one.worker.drain();
    expect(one.hasEnded).toBe(false);
    await atEpoch(database, 1);
  });

  it('lets a follower take over within seconds, which held no connection until then', async () => {
    await using database = await createDatabase();
    const [house, otherHouse] = [new House(), new House()];
    await using one = new AtWork(...house.load(database));
    await atEpoch(database, 1);
    await using other = new AtWork(...otherHouse.load(database));
    await waitFor(
      'a follower',
      () => otherHouse.linesOf('following').length,
      (count) => count === 1,
      longestWait,
    );
    await waitFor(
      'only the leader',
      () => database.query(sessions),
      (rows) => rows.length === 1,
      longestWait,
    );
    expect(otherHouse.lastTold('generation')).toBe(1n);
    await one.worker.drain();
    expect(await atEpoch(database, 2)).toMatchObject({ generation: 1 });
    await waitFor(
      'the other to know it',
      () => other.worker.isLeading,
      (isLeading) => isLeading,
      longestWait,
    );
  });
});

describe('followers', () => {
  it('try about once in 3 s, all together', async () => {
    await using database = await createDatabase();
    const house = new House();
    await using leader = new AtWork(...house.load(database));
    await atEpoch(database, 1);
    const followers = new House();
    const attempts = (): number => followers.told.filter(([name]) => name === 'databaseUp').length;
    const crowd = Array.from({ length: 10 }, () => new AtWork(...followers.load(database)));
    try {
      await waitFor('a first attempt of each', attempts, (count) => count >= 10, longestWait);
      const [before, since] = [attempts(), performance.now()];
      await waitFor('five more', attempts, (count) => count >= before + 5, { timeoutMs: 60_000 });
      // Five turns are 12 s apart from the first to the last; without turns ten followers would take 2 s.
      expect(performance.now() - since).toBeGreaterThan(9_000);
      expect(leader.worker.isLeading).toBe(true);
      expect(followers.linesOf('leadership acquired')).toEqual([]);
    } finally {
      await Promise.all(crowd.map((one) => one[Symbol.asyncDispose]()));
    }
  });
});

describe('an outdated configuration', () => {
  it('does not lead, says so once, and leads as soon as it has been loaded again', async () => {
    await using database = await createDatabase();
    const house = new House();
    {
      await using newer = new AtWork(...house.load(database, { premake: 2 }));
      await atEpoch(database, 1);
      await newer.worker.drain();
    }
    const own = new House();
    const stale = { premake: 1, loadedAgoMs: 3_600_000 };
    await using one = new AtWork(...own.load(database, stale));
    await waitFor(
      'a refusal',
      () => own.lastTold('refused'),
      (reason) => reason === 'old-generation',
      longestWait,
    );
    // Told again, but not loaded again.
    one.worker.reconfigure(...own.load(database, stale));
    await waitFor(
      'a second refusal',
      () => own.told.filter(([name]) => name === 'refused').length,
      (count) => count >= 2,
      longestWait,
    );
    expect(own.linesOf('refusing to lead')).toMatchObject([{ level: 'warn', reason: 'old-generation', code: 'PD304' }]);
    expect(one.worker.isLeading).toBe(false);
    await atEpoch(database, 1);
    one.worker.reconfigure(...own.load(database, { premake: 1 }));
    expect(await atEpoch(database, 2)).toMatchObject({ generation: 2 });
    await waitFor(
      'no refusal',
      () => own.lastTold('refused'),
      (reason) => reason === null,
      longestWait,
    );
  });

  it('is told as such while another instance leads', async () => {
    await using database = await createDatabase();
    const [house, own] = [new House(), new House()];
    await using leader = new AtWork(...house.load(database, { premake: 2 }));
    await atEpoch(database, 1);
    await using stale = new AtWork(...own.load(database, { premake: 1, loadedAgoMs: 3_600_000 }));
    await waitFor(
      'a refusal',
      () => own.lastTold('refused'),
      (reason) => reason === 'old-generation',
      longestWait,
    );
    expect([leader.worker.isLeading, stale.worker.isLeading]).toEqual([true, false]);
    expect(own.lastTold('generation')).toBe(0n);
    expect(own.linesOf('following')).toEqual([]);
  });
});

describe('a pooler in transaction mode', () => {
  it('is not led through, which is told once with the way out', async (context) => {
    await using database = await createDatabase();
    await using bouncer = await startPgBouncer(context, database, { poolMode: 'transaction' });
    const house = new House();
    await using one = new AtWork(...house.load(database, { url: bouncer.url }));
    await waitFor(
      'refusals',
      () => house.told.filter(([name]) => name === 'refused').length,
      (count) => count >= 2,
      longestWait,
    );
    expect(one.worker.refused).toBe('pooler');
    expect(house.linesOf('refusing to lead')).toMatchObject([{ reason: 'pooler', code: 'PD209', error: expect.stringContaining('`url`') }]);
    expect(await database.query("SELECT FROM pg_namespace WHERE nspname = 'partitiond'")).toEqual([]);
    // The way out, taken by a reload.
    one.worker.reconfigure(...house.load(database));
    await atEpoch(database, 1);
  });
});

describe('a standby', () => {
  it('is not led, which is told once with the way out, and is led soon after its promotion', async () => {
    await using cluster = await startCluster();
    await using database = await createDatabase(cluster.url);
    await cluster.stop();
    await writeFile(join(cluster.folder, 'data', 'standby.signal'), '');
    await cluster.start();
    const house = new House();
    await using one = new AtWork(...house.load(database));
    await waitFor(
      'refusals',
      () => house.told.filter(([name]) => name === 'refused').length,
      (count) => count >= 2,
      longestWait,
    );
    expect(house.lastTold('refused')).toBe('standby');
    expect(house.linesOf('refusing to lead')).toMatchObject([{ reason: 'standby', error: expect.stringContaining('primary') }]);
    await database.query('SELECT pg_promote()');
    await waitFor(
      'a leader',
      () => one.worker.isLeading,
      (isLeading) => isLeading,
      { timeoutMs: 60_000 },
    );
    expect(house.lastTold('refused')).toBeNull();
  });
});
