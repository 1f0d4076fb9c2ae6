import { describe, expect, it } from 'vitest';
import { namedSql } from '../../src/postgres/named-sql.ts';
import { row, text } from '../../src/postgres/row-decoder.ts';
import { connectSession, type Session } from '../../src/postgres/session.ts';
import type { ConnectionState, SessionObserver } from '../../src/postgres/session-observer.ts';
import { startCluster } from '../support/cluster.ts';
import { createDatabase } from '../support/database.ts';
import { startNetwork } from '../support/network.ts';
import { noAbort } from '../support/open-session.ts';
import { startPgBouncer } from '../support/pgbouncer.ts';
import { waitFor } from '../support/wait-for.ts';

interface Recorder extends SessionObserver {
  /** As in `idle > active`. */
  readonly moves: readonly string[];
  /** SQLSTATEs, oldest first. */
  readonly failures: readonly string[];
  /** Connections in each state; a metric would show these. */
  readonly counts: Readonly<Record<ConnectionState, number>>;
}

function recorder(): Recorder {
  const counts = { waiting: 0, idle: 0, active: 0 };
  const [moves, failures]: [string[], string[]] = [[], []];
  return {
    moves,
    failures,
    counts,
    moved: (from, to) => {
      moves.push(`${from} > ${to}`);
      if (from !== null) counts[from] -= 1;
      if (to !== null) counts[to] += 1;
    },
    failed: (sqlstate) => failures.push(sqlstate),
  };
}

async function connect(url: string, observer: SessionObserver, signal = noAbort): Promise<Session & AsyncDisposable> {
  const settings = { applicationName: 'partitiond:test', statementTimeoutMs: 500, lockTimeoutMs: 100, observer };
  const session = await connectSession({ kind: 'url', url }, settings, signal);
  return Object.assign(session, { [Symbol.asyncDispose]: () => session.close() });
}

/** All connections that were ever opened, those of cancellations included, count nowhere any more. */
async function expectNothingOpen(observer: Recorder): Promise<void> {
  await waitFor(
    'every connection to count as closed',
    () => observer.counts,
    (counts) => Object.values(counts).every((count) => count === 0),
  );
}

const one = namedSql('one', 'SELECT \'x\' AS "value"');
const decode = row<{ value: string }>({ value: text });

describe('the observer of a session', () => {
  it('sees it wait, idle, active and gone', async () => {
    await using database = await createDatabase();
    const observer = recorder();
    const session = await connect(database.url, observer);
    await session.rows(one, [], decode, noAbort);
    await session.transaction(() => Promise.resolve(), noAbort);
    await session.close();
    await session.close();
    const statement = ['idle > active', 'active > idle'];
    expect(observer.moves).toEqual(['null > waiting', 'waiting > idle', ...statement, ...statement, ...statement, 'idle > null']);
    expect(observer.failures).toEqual([]);
  });

  it('is told the SQLSTATE of what failed, once each, and in a transaction of the statement only', async () => {
    await using database = await createDatabase();
    const observer = recorder();
    await using session = await connect(database.url, observer);
    await expect(session.execute('SELECT nothing', noAbort)).rejects.toMatchObject({ sqlstate: '42703' });
    await expect(session.rows(namedSql('slow', 'SELECT pg_sleep(60)'), [], decode, noAbort)).rejects.toMatchObject({ sqlstate: '57014' });
    const failing = session.transaction(() => session.execute('SELECT 1/0', noAbort), noAbort);
    await expect(failing).rejects.toMatchObject({ sqlstate: '22012' });
    expect(observer.failures).toEqual(['42703', '57014', '22012']);
    expect(observer.counts).toEqual({ waiting: 0, idle: 1, active: 0 });
  });

  it('is told of a statement that an abort cancelled, and sees the cancelling connection come and go', async () => {
    await using database = await createDatabase();
    const observer = recorder();
    const session = await connect(database.url, observer);
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error('stopped by the test')), 50);
    await expect(session.execute('SELECT pg_sleep(60)', controller.signal)).rejects.toThrow('stopped by the test');
    expect(observer.failures).toEqual(['57014']);
    expect(observer.moves.filter((move) => move === 'null > waiting')).toHaveLength(2);
    await session.close();
    await expectNothingOpen(observer);
  });

  it('counts nothing after a refused connection, a wrong password and an abort', async () => {
    await using cluster = await startCluster({ tcp: true });
    await using database = await createDatabase(cluster.url);
    const role = await database.createRole('observed');
    await using network = await startNetwork(database.url);
    const observer = recorder();
    await expect(connect('postgresql://127.0.0.1:1/x', observer)).rejects.toMatchObject({ code: 'PD201' });
    const wrong = `postgresql://${role.name}:wrong@127.0.0.1:${cluster.tcpPort}/${database.name}`;
    await expect(connect(wrong, observer)).rejects.toMatchObject({ code: 'PD202' });
    network.swallow();
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error('stopped by the test')), 50);
    await expect(connect(network.url, observer, controller.signal)).rejects.toThrow('stopped by the test');
    await expectNothingOpen(observer);
    expect(observer.failures).toEqual(['28P01']);
    expect(observer.moves).toEqual(Array.from({ length: 3 }, () => ['null > waiting', 'waiting > null']).flat());
  });

  it('counts nothing after connections were ended by the server, by a silent network and in the middle of a statement', async () => {
    await using database = await createDatabase();
    await using network = await startNetwork(database.url);
    const observer = recorder();
    const idle = await connect(database.url, observer);
    const active = await connect(database.url, observer);
    const silent = await connect(network.url, observer);
    const working = active.execute('SET statement_timeout = 0; SELECT pg_sleep(60)', noAbort).catch((error: unknown) => error);
    await database.query('SELECT pg_terminate_backend($1), pg_terminate_backend($2)', [idle.pid, active.pid]);
    expect(await working).toMatchObject({ code: 'PD205' });
    network.swallow();
    await expect(silent.transaction(() => Promise.resolve(), noAbort)).rejects.toMatchObject({ code: 'PD201' });
    await expectNothingOpen(observer);
    expect(observer.failures).toEqual(['57P01']);
    for (const session of [idle, active, silent]) await session.close();
    expect(observer.counts).toEqual({ waiting: 0, idle: 0, active: 0 });
  }, 60_000);

  it.for(['session', 'transaction'] as const)('counts nothing after a visit to a pooler in %s mode', async (poolMode, context) => {
    await using database = await createDatabase();
    await using bouncer = await startPgBouncer(context, database, { poolMode });
    const observer = recorder();
    await connect(bouncer.url, observer).then(
      (session) => session.close(),
      (error: unknown) => expect(error).toMatchObject({ code: 'PD209' }),
    );
    await expectNothingOpen(observer);
    expect(observer.moves.filter((move) => move === 'null > waiting')).toHaveLength(2);
    expect(observer.failures).toEqual([]);
  });
});
