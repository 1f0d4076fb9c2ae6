import { EventEmitter, once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { NotLeaderError, StatementError } from '../../src/errors.ts';
import { connectSession, type Session } from '../../src/postgres/session.ts';
import { type Leadership, leadAlone, leadershipKey, readIdentity, tryLead } from '../../src/service/leadership.ts';
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
