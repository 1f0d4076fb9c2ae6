import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { installJournal } from '../../src/journal/install.ts';
import { type Clock, systemClock } from '../../src/postgres/clock.ts';
import type { Session } from '../../src/postgres/session.ts';
import { tryLead } from '../../src/service/election/leadership.ts';
import { Term } from '../../src/service/election/term.ts';
import { createDatabase } from '../support/database.ts';
import { startNetwork } from '../support/network.ts';
import { noAbort, openSession } from '../support/open-session.ts';
import { waitFor } from '../support/wait-for.ts';
import { AtWork, atEpoch, createEvents, House, longestWait } from '../support/worker-house.ts';

/** Work on a network that swallows everything ends seconds after its term; that is too late here, as the time for it is over at once. */
async function endWithoutAnswers(reason: 'lost' | 'released'): Promise<void> {
  await using database = await createDatabase();
  await createEvents(database);
  const blocker = await database.client();
  await blocker.query('BEGIN; LOCK TABLE public.events IN SHARE UPDATE EXCLUSIVE MODE');
  const house = new House();
  // The time that work may take is over at once.
  let isOver = false;
  const endWithinMs = { lost: 5_000, released: 30_000 }[reason];
  const sleep: Clock['sleep'] = (ms, signal) => systemClock.sleep(isOver && ms === endWithinMs ? 0 : ms, signal);
  house.clock = { ...systemClock, sleep };
  await using network = await startNetwork(database.url);
  await using one = new AtWork(...house.load(database, { url: network.url }));
  await waitFor(
    'a step that waits',
    () => database.query("SELECT FROM pg_locks WHERE NOT granted AND relation = 'public.events'::regclass"),
    (rows) => rows.length > 0,
    { ...longestWait, pollMs: 5 },
  );
  isOver = true;
  // Nothing answers any more, so work can end only with its connection, seconds later.
  network.swallow();
  if (reason === 'lost')
    await database.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'partitiond:leader'",
    );
  else one.worker.reconfigure(...house.load(database, { url: network.url, premake: 2 }));
  await waitFor(
    'the end of the process',
    () => house.crashes,
    (crashes) => crashes.length > 0,
    longestWait,
  );
  expect(house.crashes).toMatchObject([{ code: 'PD920', message: expect.stringContaining(reason) }]);
  expect(one.hasEnded).toBe(false);
}

describe('a term', () => {
  it('counts as lost when the process has stood still for longer than its lock may be unconfirmed', async () => {
    await using database = await createDatabase();
    const house = new House();
    let leapMs = 0;
    house.clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + leapMs };
    await using one = new AtWork(...house.load(database));
    await waitFor(
      'a term',
      () => house.linesOf('leadership acquired').length,
      (count) => count === 1,
      longestWait,
    );
    leapMs = 16_000;
    expect(one.worker.unconfirmedMs).toBeGreaterThan(15_000);
    expect(one.worker.request('provision')).toBe('not-leading');
    await atEpoch(database, 2);
    expect(house.linesOf('leadership lost')).toMatchObject([{ reason: 'lost', code: 'PD302' }]);
    expect(house.told.filter(([name]) => name === 'lost')).toMatchObject([['lost', 'app', 'lost']]);
    expect(house.crashes).toEqual([]);
  });

  it('is confirmed every few seconds, which keeps the session of the lock alive', async () => {
    await using database = await createDatabase();
    const house = new House();
    await using one = new AtWork(...house.load(database));
    await waitFor(
      'a confirmation',
      () => house.told.filter(([name]) => name === 'renewed').length,
      (count) => count >= 3,
      longestWait,
    );
    expect(one.worker.unconfirmedMs).toBeLessThan(15_000);
    expect(house.linesOf('leadership lost')).toEqual([]);
  });

  it('outlives a history that is slow to read', async () => {
    await using database = await createDatabase();
    const house = new House();
    {
      await using first = new AtWork(...house.load(database));
      await atEpoch(database, 1);
      await first.worker.drain();
    }
    await database.query('ALTER TABLE partitiond.hold RENAME TO real_hold');
    await database.query('CREATE VIEW partitiond.hold AS SELECT h.* FROM pg_sleep(60) AS s LEFT JOIN partitiond.real_hold AS h ON true');
    const own = new House();
    await using one = new AtWork(...own.load(database));
    await waitFor(
      'a term that goes on',
      () => own.told.filter(([name]) => name === 'renewed').length,
      (count) => count >= 4,
      longestWait,
    );
    expect(own.linesOf('history not read')).toMatchObject([{ level: 'warn', database: 'app', code: 'PD506' }]);
    expect(own.linesOf('leadership acquired')).toHaveLength(1);
    expect(own.linesOf('leadership lost')).toEqual([]);
    expect(one.worker.isLeading).toBe(true);
  });

  it('leaves nothing behind on the session of the lock, nor on the signal that it ends with', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    const leadership = await tryLead(session, { journalSchema: 'partitiond', who: 'test', configurationHash: 'x' }, noAbort);
    if (leadership === null) throw new Error('another session leads');
    let listeners = 0;
    const counted: Session = new Proxy(session, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        if (name !== 'onLost') return typeof value === 'function' ? value.bind(target) : value;
        return (...args: Parameters<Session['onLost']>): (() => void) => {
          listeners += 1;
          const stop = target.onLost(...args);
          return () => {
            listeners -= 1;
            stop();
          };
        };
      },
    });
    const outer = new AbortController();
    const [policy, surroundings] = new House().load(database);
    const term = new Term(policy, leadership, counted, surroundings, outer.signal);
    const leading = term.lead();
    expect(listeners).toBe(1);
    term.end();
    expect(await leading).toBe('released');
    expect(listeners).toBe(0);
    expect(getEventListeners(outer.signal, 'abort')).toEqual([]);
  });

  it('that is fenced as soon as it has begun is followed by a longer pause each time', async () => {
    await using database = await createDatabase();
    await createEvents(database);
    {
      await using session = await openSession(database);
      await installJournal(session, 'partitiond', noAbort);
    }
    // As if another one took over behind each claim.
    await database.query(`CREATE FUNCTION partitiond.take_over() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN UPDATE partitiond.leadership SET epoch = epoch + 1; RETURN NULL; END $$`);
    await database.query(`CREATE TRIGGER take_over AFTER INSERT OR UPDATE ON partitiond.leadership
      FOR EACH ROW WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION partitiond.take_over()`);
    const house = new House();
    const pauses: number[] = [];
    const sleep: Clock['sleep'] = async (ms, signal) => {
      if (house.linesOf('leadership ended').length > pauses.length) pauses.push(ms);
      await systemClock.sleep(Math.min(ms, 5_000), signal);
    };
    house.clock = { ...systemClock, sleep };
    await using one = new AtWork(...house.load(database));
    await waitFor(
      'three pauses',
      () => pauses.length,
      (count) => count >= 3,
      longestWait,
    );
    expect(house.linesOf('leadership ended')).toMatchObject([{ reason: 'fenced' }, { reason: 'fenced' }, { reason: 'fenced' }]);
    expect(pauses[0]).toBeGreaterThanOrEqual(1_000);
    expect(pauses[1]).toBeGreaterThanOrEqual(2_000);
    expect(pauses[2]).toBeGreaterThanOrEqual(4_000);
    expect(one.hasEnded).toBe(false);
  });

  it('is told as leading until its lock is free, also while the next one begins', async () => {
    await using database = await createDatabase();
    const house = new House();
    await using one = new AtWork(...house.load(database));
    await waitFor(
      'a term',
      () => house.linesOf('leadership acquired').length,
      (count) => count === 1,
      longestWait,
    );
    const blocker = await database.client();
    await blocker.query('BEGIN; SELECT FROM partitiond.leadership FOR UPDATE');
    one.worker.reconfigure(...house.load(database, { premake: 2 }));
    await waitFor(
      'a claim that waits',
      () => database.query("SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%claim-leadership%'"),
      (rows) => rows.length > 0,
      { ...longestWait, pollMs: 5 },
    );
    expect(one.worker.isLeading).toBe(true);
    expect(one.worker.epoch).toBe(1n);
    expect(one.worker.request('provision')).toBe('not-leading');
    await blocker.query('ROLLBACK');
    await atEpoch(database, 2);
  });

  it('that is lost ends the process when its work does not end', async () => {
    await endWithoutAnswers('lost');
  });

  it('that is given back ends the process when its work does not end', async () => {
    await endWithoutAnswers('released');
  });
});
