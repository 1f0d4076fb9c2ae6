import { EventEmitter, once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { NotLeaderError, StatementError } from '../../src/errors.ts';
import { installJournal } from '../../src/journal/install.ts';
import { claimLeadership } from '../../src/journal/leadership.ts';
import { migrations } from '../../src/journal/migrations.ts';
import { connectSession, type Session } from '../../src/postgres/session.ts';
import { followLeader } from '../../src/reconcile/follow-leader.ts';
import {
  type Leadership,
  type LeadRequest,
  leadAlone,
  leadershipKey,
  readIdentity,
  tryLead,
} from '../../src/service/election/leadership.ts';
import { startCluster } from '../support/cluster.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { waitFor } from '../support/wait-for.ts';

const never = new AbortController().signal;
const request = { journalSchema: 'partitiond', who: 'test', configurationHash: 'abc' };

/** A session that is closed at the end of its scope. */
async function connect(database: TestDatabase, url = database.url): Promise<Session & AsyncDisposable> {
  const settings = { applicationName: 'partitiond:test', statementTimeoutMs: 30_000, lockTimeoutMs: 100 };
  const session = await connectSession({ kind: 'url', url }, settings, never);
  return Object.assign(session, { [Symbol.asyncDispose]: () => session.close() });
}

async function leads(leadership: Promise<Leadership | null>): Promise<Leadership> {
  const found = await leadership;
  if (found === null) throw new Error('another session leads');
  return found;
}

/** As a daemon asks that has loaded configuration `hash` so long ago. */
function daemon(hash: string, loadedAgoMs: number): LeadRequest {
  return { ...request, configurationHash: hash, loadedAgoMs: () => loadedAgoMs };
}

/** Leads and gives the lock back; answers generation and epoch. */
async function leadOnce(session: Session, asked: LeadRequest): Promise<readonly [generation: bigint, epoch: bigint]> {
  const leadership = await leads(tryLead(session, asked, never));
  await leadership.release();
  return [leadership.generation, leadership.epoch];
}

const outdated: unknown = expect.objectContaining({ code: 'PD304', message: expect.stringContaining('/-/reload') });
const anHourMs = 3_600_000;

async function terminate(database: TestDatabase, session: Session): Promise<void> {
  await database.query('SELECT pg_terminate_backend($1)', [session.pid]);
}

describe('leadership', () => {
  it('is held by one session, and passes on when it is given back', async () => {
    await using database = await createDatabase();
    await using one = await connect(database);
    await using two = await connect(database);
    const first = await leads(tryLead(one, request, never));
    expect(await tryLead(two, request, never)).toBeNull();
    await first.release();
    const second = await leads(tryLead(two, request, never));
    expect(second.epoch).toBe(first.epoch + 1n);
  });

  it('goes to one of many that try at the same moment, on a database without a journal', async () => {
    await using database = await createDatabase();
    const sessions = await Promise.all([1, 2, 3, 4, 5].map(() => connect(database)));
    try {
      const won = (await Promise.all(sessions.map((session) => tryLead(session, request, never)))).filter((one) => one !== null);
      expect(won).toHaveLength(1);
      expect(won[0]?.epoch).toBe(1n);
    } finally {
      for (const session of sessions) await session.close();
    }
  });

  it('passes on when the connection of the leader is cut', async () => {
    await using database = await createDatabase();
    await using one = await connect(database);
    await using two = await connect(database);
    const first = await leads(tryLead(one, request, never));
    let isLost = false;
    one.onLost(() => {
      isLost = true;
    });
    await terminate(database, one);
    await waitFor(
      'the loss of the connection',
      () => isLost,
      (lost) => lost,
    );
    await expect(first.confirm(never)).rejects.toThrow();
    expect((await leads(tryLead(two, request, never))).epoch).toBe(first.epoch + 1n);
  });

  it('is confirmed while the lock is held, and denied as soon as it is not', async () => {
    await using database = await createDatabase();
    await using session = await connect(database);
    const leadership = await leads(tryLead(session, request, never));
    await leadership.confirm(never);
    await leadership.release();
    await expect(leadership.confirm(never)).rejects.toBeInstanceOf(NotLeaderError);
  });

  it('fences the transactions of an earlier epoch', async () => {
    await using database = await createDatabase();
    await using session = await connect(database);
    const old = await leads(tryLead(session, request, never));
    await session.execute(old.guardSql, never);
    await old.release();
    const current = await leads(tryLead(session, request, never));
    await expect(session.execute(old.guardSql, never)).rejects.toBeInstanceOf(NotLeaderError);
    await session.execute(current.guardSql, never);
  });

  it('begins only after an open transaction of the earlier leader has ended', async () => {
    await using database = await createDatabase();
    await using one = await connect(database);
    await using two = await connect(database);
    const old = await leads(tryLead(one, request, never));
    await old.release();
    let hasEnded = false;
    const guarded = new EventEmitter();
    const isGuarded = once(guarded, 'guarded');
    const writing = one.transaction(async () => {
      await one.execute(old.guardSql, never);
      guarded.emit('guarded');
      await waitFor(
        'a claim that waits for this transaction',
        () => database.query("SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%claim-leadership%'"),
        (rows) => rows.length > 0,
      );
      hasEnded = true;
    }, never);
    await isGuarded;
    const next = await leads(tryLead(two, request, never));
    expect(hasEnded).toBe(true);
    expect(next.epoch).toBe(old.epoch + 1n);
    await writing;
  });

  it('is one for each journal schema', async () => {
    await using database = await createDatabase();
    await using one = await connect(database);
    await using two = await connect(database);
    await leads(tryLead(one, request, never));
    await leads(tryLead(two, { ...request, journalSchema: 'other "journal"' }, never));
  });

  it('records who leads with which configuration', async () => {
    await using database = await createDatabase();
    await using session = await connect(database);
    await leads(tryLead(session, request, never));
    expect(await database.query('SELECT holder, configuration_generation FROM partitiond.leadership')).toEqual([
      { holder: 'test', configuration_generation: 'abc' },
    ]);
  });

  it('names the server and the database that it is of', async () => {
    await using database = await createDatabase();
    await using session = await connect(database);
    const { identity } = await leads(tryLead(session, request, never));
    const [server] = await database.query('SELECT system_identifier::text AS id FROM pg_control_system()');
    expect(identity).toEqual(await readIdentity(session, never));
    expect(identity.systemIdentifier).toBe(server?.['id']);
    expect(identity.isInRecovery).toBe(false);
  });

  it('asks who the server is only when the caller does not know', async () => {
    await using database = await createDatabase();
    await using session = await connect(database);
    const identity = await readIdentity(session, never);
    const asked: string[] = [];
    const rows: Session['rows'] = async (query, ...rest) => {
      asked.push(query.name);
      return await session.rows(query, ...rest);
    };
    const watched: Session = new Proxy(session, {
      get: (target, name) => {
        const value: unknown = name === 'rows' ? rows : Reflect.get(target, name);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const leadership = await leads(tryLead(watched, { ...request, identity }, never));
    expect(leadership.identity).toEqual(identity);
    expect(asked).not.toContain('read-server-identity');
  });

  it('gives the lock back when the journal cannot be made', async () => {
    await using database = await createDatabase();
    const role = await database.createRole('poor');
    await using poor = await connect(database, role.url);
    await using rich = await connect(database);
    await expect(tryLead(poor, request, never)).rejects.toBeInstanceOf(StatementError);
    expect(await tryLead(rich, request, never)).not.toBeNull();
  });

  it('starts a new epoch without a lock where it is switched off', async () => {
    await using database = await createDatabase();
    await using one = await connect(database);
    await using two = await connect(database);
    const first = await leads(leadAlone(one, request, never));
    const second = await leads(leadAlone(two, request, never));
    expect(second.epoch).toBe(first.epoch + 1n);
    await second.confirm(never);
    expect(await tryLead(two, request, never)).not.toBeNull();
  });
});

describe('the generation of a configuration', () => {
  it('grows when another configuration comes to lead, and stays when the same one leads again', async () => {
    await using database = await createDatabase();
    await using session = await connect(database);
    expect(await leadOnce(session, daemon('a', anHourMs))).toEqual([1n, 1n]);
    expect(await leadOnce(session, daemon('a', 0))).toEqual([1n, 2n]);
    expect(await leadOnce(session, daemon('a', 2 * anHourMs))).toEqual([1n, 3n]);
    expect(await leadOnce(session, daemon('b', 0))).toEqual([2n, 4n]);
    expect(await leadOnce(session, daemon('b', 2 * anHourMs))).toEqual([2n, 5n]);
  });

  it('keeps a configuration from leading that was loaded before another was first led with', async () => {
    await using database = await createDatabase();
    await using old = await connect(database);
    await using next = await connect(database);
    await leadOnce(old, daemon('old', anHourMs));
    await leadOnce(next, daemon('new', 0));
    await expect(tryLead(old, daemon('old', anHourMs), never)).rejects.toEqual(outdated);
    await expect(leadAlone(old, daemon('old', anHourMs), never)).rejects.toEqual(outdated);
    // The refused one has let go of the lock and has changed nothing.
    expect(await leadOnce(next, daemon('new', 0))).toEqual([2n, 3n]);
  });

  it('leaves what a refused configuration would have ended alone', async () => {
    await using database = await createDatabase();
    await using session = await connect(database);
    await leadOnce(session, daemon('new', 0));
    await database.query("INSERT INTO partitiond.run (id, tasks, who) VALUES (gen_random_uuid(), '{provision}', 'test')");
    await expect(tryLead(session, daemon('old', anHourMs), never)).rejects.toEqual(outdated);
    expect(await database.query('SELECT outcome FROM partitiond.run')).toEqual([{ outcome: null }]);
    await leadOnce(session, daemon('new', 0));
    expect(await database.query('SELECT outcome FROM partitiond.run')).toEqual([{ outcome: 'interrupted' }]);
  });

  it('lets a rollback pass, whose processes have loaded the earlier configuration anew', async () => {
    await using database = await createDatabase();
    await using session = await connect(database);
    await leadOnce(session, daemon('a', anHourMs));
    await leadOnce(session, daemon('b', 0));
    expect(await leadOnce(session, daemon('a', 0))).toEqual([3n, 3n]);
    await expect(tryLead(session, daemon('b', anHourMs), never)).rejects.toEqual(outdated);
    // A process of the first rollout runs what leads now.
    expect(await leadOnce(session, daemon('a', anHourMs))).toEqual([3n, 4n]);
  });

  it('is left alone by one-shot commands, which always have the latest configuration', async () => {
    await using database = await createDatabase();
    await using session = await connect(database);
    await leadOnce(session, { ...request, configurationHash: 'one-shot' });
    expect(await leadOnce(session, daemon('a', anHourMs))).toEqual([1n, 2n]);
    expect(await leadOnce(session, { ...request, configurationHash: 'one-shot' })).toEqual([0n, 3n]);
    expect(await leadOnce(session, daemon('a', anHourMs))).toEqual([1n, 4n]);
  });

  it('begins after an upgrade of a journal that an earlier version led', async () => {
    await using database = await createDatabase();
    await using session = await connect(database);
    await database.query(`CREATE SCHEMA partitiond; ${migrations[0]?.sql('partitiond')}; INSERT INTO partitiond.version VALUES (1, 1)`);
    await database.query("INSERT INTO partitiond.leadership (epoch, holder, configuration_generation) VALUES (7, 'old', 'a')");
    expect(await leadOnce(session, daemon('b', anHourMs))).toEqual([1n, 8n]);
    expect(await database.query('SELECT max(version) AS version FROM partitiond.version')).toEqual([{ version: migrations.length }]);
    // The earlier version goes on beside this one for a while.
    expect(await claimLeadership(session, 'partitiond', { holder: 'old', configurationGeneration: 'a' }, never)).toBe(9n);
    await database.query(`INSERT INTO partitiond.leadership AS l (epoch, holder, configuration_generation) VALUES (1, 'old', 'a')
      ON CONFLICT (only_row) DO UPDATE SET epoch = l.epoch + 1, holder = EXCLUDED.holder, since = pg_catalog.clock_timestamp()`);
    expect(await leadOnce(session, daemon('b', anHourMs))).toEqual([1n, 11n]);
  });

  it('of a new epoch on the lock already held is that of the configuration it is claimed for', async () => {
    await using database = await createDatabase();
    await using session = await connect(database);
    await using other = await connect(database);
    const first = await leads(tryLead(session, daemon('a', anHourMs), never));
    // Loaded before the first claim had reached the server.
    const second = await first.claimAgain(daemon('b', 60_000), never);
    expect([second.epoch, second.generation]).toEqual([2n, 2n]);
    expect(await tryLead(other, daemon('b', 0), never)).toBeNull();
    await expect(session.execute(first.guardSql, never)).rejects.toBeInstanceOf(NotLeaderError);
    await session.execute(second.guardSql, never);
    await second.confirm(never);
    await second.release();
    expect(await leadOnce(other, daemon('b', 0))).toEqual([2n, 3n]);
  });
});

describe('a follower', () => {
  const own = { hash: 'a', loadedAgoMs: anHourMs };
  const turnOf = async (session: Session, schema = 'partitiond'): Promise<unknown> =>
    (await followLeader(session, schema, own, never)).turn;

  it('draws a turn: many at once get one each, 3 s apart, and when a minute is full the rest comes later', async () => {
    await using database = await createDatabase();
    const sessions = await Promise.all(Array.from({ length: 30 }, () => connect(database)));
    try {
      const [leader] = sessions;
      if (leader === undefined) throw new Error('no session');
      await leadOnce(leader, daemon('a', anHourMs));
      const turns = await Promise.all(sessions.map((session) => turnOf(session)));
      const drawn = turns.filter((turn): turn is number => typeof turn === 'number').toSorted((a, b) => a - b);
      // The first is 3 s ahead of its own moment, which the others can only be later than.
      expect(drawn[0]).toBeLessThanOrEqual(3_000);
      expect(drawn.length).toBeGreaterThanOrEqual(19);
      expect(drawn.length).toBeLessThan(30);
      expect(drawn.at(-1)).toBeLessThanOrEqual(60_000);
      expect(turns.filter((turn) => turn === 'later')).toHaveLength(30 - drawn.length);
      expect(await database.query("SELECT next_at - now() > interval '50 s' AS far FROM partitiond.follower_slot")).toEqual([
        { far: true },
      ]);
    } finally {
      for (const session of sessions) await session.close();
    }
  });

  it('on its own draws a turn every 3 s', async () => {
    await using database = await createDatabase();
    await using session = await connect(database);
    await leadOnce(session, daemon('a', anHourMs));
    expect(await turnOf(session)).toBeLessThanOrEqual(3_000);
    await database.query("UPDATE partitiond.follower_slot SET next_at = now() - interval '1 day'");
    const turn = await turnOf(session);
    expect(turn).toBeLessThanOrEqual(3_000);
    expect(turn).toBeGreaterThan(0);
  });

  it('is not kept waiting by turns from before the clock was set back', async () => {
    await using database = await createDatabase();
    await using session = await connect(database);
    await leadOnce(session, daemon('a', anHourMs));
    await turnOf(session);
    await database.query("UPDATE partitiond.follower_slot SET next_at = now() + interval '2 hours'");
    expect(await turnOf(session)).toBeLessThanOrEqual(3_000);
  });

  it('draws turns while a transaction of the leader keeps the epoch', async () => {
    await using database = await createDatabase();
    await using leader = await connect(database);
    await using session = await connect(database);
    const { guardSql } = await leads(tryLead(leader, daemon('a', anHourMs), never));
    await leader.transaction(async () => {
      await leader.execute(guardSql, never);
      expect(await turnOf(session)).toBeLessThanOrEqual(3_000);
    }, never);
  });

  it('knows the generation of its own configuration, and when that is outdated', async () => {
    await using database = await createDatabase();
    await using session = await connect(database);
    const follow = (hash: string, loadedAgoMs: number) => followLeader(session, 'partitiond', { hash, loadedAgoMs }, never);
    await leadOnce(session, daemon('a', anHourMs));
    expect(await follow('a', anHourMs)).toMatchObject({ generation: 1n, isOutdated: false });
    expect(await follow('b', 0)).toMatchObject({ generation: 0n, isOutdated: false });
    expect(await follow('b', anHourMs)).toEqual({ generation: 0n, isOutdated: true, turn: 'later' });
  });

  it('comes back at random where the journal cannot be asked', async () => {
    await using database = await createDatabase();
    const role = await database.createRole('poor');
    await using rich = await connect(database);
    await using poor = await connect(database, role.url);
    expect(await turnOf(rich)).toBe('unknown');
    await database.query(`CREATE SCHEMA old; ${migrations[0]?.sql('old')}; INSERT INTO old.version VALUES (1, 1)`);
    expect(await turnOf(rich, 'old')).toBe('unknown');
    await installJournal(rich, 'partitiond', never);
    expect(await turnOf(poor)).toBe('unknown');
    await database.query(
      `GRANT USAGE ON SCHEMA partitiond TO "${role.name}"; GRANT SELECT ON ALL TABLES IN SCHEMA partitiond TO "${role.name}"`,
    );
    expect(await turnOf(poor)).toBe('unknown');
  });

  it('is told when the journal is beyond it', async () => {
    await using database = await createDatabase();
    await using session = await connect(database);
    await leadOnce(session, daemon('a', anHourMs));
    await database.query(`INSERT INTO partitiond.version VALUES (${migrations.length + 2}, ${migrations.length + 1})`);
    await expect(turnOf(session)).rejects.toMatchObject({ code: 'PD120' });
  });
});

describe('a standby', () => {
  it('is never led, with or without the lock', async () => {
    await using cluster = await startCluster();
    await cluster.stop();
    await writeFile(join(cluster.folder, 'data', 'standby.signal'), '');
    await cluster.start();
    const settings = { applicationName: 'partitiond:test', statementTimeoutMs: 30_000, lockTimeoutMs: 100 };
    const session = await connectSession({ kind: 'url', url: cluster.url }, settings, never);
    try {
      expect((await readIdentity(session, never)).isInRecovery).toBe(true);
      expect(await tryLead(session, request, never)).toBeNull();
      expect(await leadAlone(session, request, never)).toBeNull();
    } finally {
      await session.close();
    }
  });
});

describe('the key of the lock', () => {
  it('is the same for every session of a database, whoever it is, and differs between databases and schemas', async () => {
    await using database = await createDatabase();
    await using other = await createDatabase();
    const role = await database.createRole('reader');
    await using one = await connect(database);
    await using two = await connect(database, role.url);
    await using elsewhere = await connect(other);
    const key = leadershipKey(await readIdentity(one, never), 'partitiond');
    expect(leadershipKey(await readIdentity(two, never), 'partitiond')).toBe(key);
    expect(leadershipKey(await readIdentity(elsewhere, never), 'partitiond')).not.toBe(key);
    expect(leadershipKey(await readIdentity(one, never), 'else')).not.toBe(key);
  });
});
