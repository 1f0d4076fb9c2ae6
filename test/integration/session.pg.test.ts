import { mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tryAdvisoryLock } from '../../src/postgres/advisory-lock.ts';
import { cancelBackend } from '../../src/postgres/cancel-backend.ts';
import { namedSql } from '../../src/postgres/named-sql.ts';
import { row, text } from '../../src/postgres/row-decoder.ts';
import { connectSession, type Session } from '../../src/postgres/session.ts';
import { startCluster } from '../support/cluster.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { startNetwork } from '../support/network.ts';
import { onlyOn } from '../support/only-on.ts';
import { waitFor } from '../support/wait-for.ts';

const never = new AbortController().signal;
const settings = { applicationName: 'partitiond:test', statementTimeoutMs: 30_000, lockTimeoutMs: 100 };
const one = namedSql('one', 'SELECT \'x\' AS "it"');
const decodeOne = row<{ it: string }>({ it: text });

async function connect(url: string, signal = never, statementTimeoutMs = 30_000): Promise<Session & AsyncDisposable> {
  const session = await connectSession({ kind: 'url', url }, { ...settings, statementTimeoutMs }, signal);
  return Object.assign(session, { [Symbol.asyncDispose]: () => session.close() });
}

/** Aborts with this, after `ms`. */
function abortAfter(ms: number): { readonly signal: AbortSignal; readonly reason: Error } {
  const controller = new AbortController();
  const reason = new Error('stopped by the test');
  setTimeout(() => controller.abort(reason), ms);
  return { signal: controller.signal, reason };
}

function temporaryFolder(): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), 'partitiond-url-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

async function secondsOf(body: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await body();
  return (performance.now() - start) / 1000;
}

describe('a message that breaks the protocol', () => {
  it('is a mistake of ours, which the connection survives', async () => {
    await using database = await createDatabase();
    await using session = await connect(database.url);
    const failing = session.rows(one, ['1', '2'], decodeOne, never);
    await expect(failing).rejects.toMatchObject({ name: 'StatementError', sqlstate: '08P01' });
    expect(await session.rows(one, [], decodeOne, never)).toEqual([{ it: 'x' }]);
  });
});

describe('warnings of the server', () => {
  it('reach those that listen, with their SQLSTATE, and nobody else', async () => {
    await using database = await createDatabase();
    await using session = await connect(database.url);
    const heard: unknown[] = [];
    const stopListening = session.onNotice((notice) => heard.push(notice));
    await session.execute("DO $$ BEGIN RAISE NOTICE 'not this'; RAISE WARNING 'taken' USING ERRCODE = '55P03'; END $$", never);
    stopListening();
    await session.execute("DO $$ BEGIN RAISE WARNING 'nor this'; END $$", never);
    expect(heard).toEqual([{ severity: 'WARNING', sqlstate: '55P03', message: 'taken' }]);
  });
});

describe('a session whose other end is gone without a word', () => {
  it('ends statement, read and transaction within seconds of an abort, by its reason', async () => {
    await using database = await createDatabase();
    await using network = await startNetwork(database.url);
    const sessions = [await connect(network.url), await connect(network.url), await connect(network.url)] as const;
    const { signal, reason } = abortAfter(50);
    await sessions[2].execute('SELECT 1', never);
    network.swallow();
    const work = [
      sessions[0].execute('SELECT 1', signal),
      sessions[1].rows(one, [], decodeOne, signal),
      sessions[2].transaction(() => Promise.resolve(), signal),
    ];
    const seconds = await secondsOf(async () => {
      for (const result of await Promise.allSettled(work)) expect(result).toEqual({ status: 'rejected', reason });
      for (const session of sessions) await session.close();
    });
    expect(seconds).toBeLessThan(8);
  }, 30_000);

  it('completes nothing for longer than seconds after an abort, which all that comes then have together', async () => {
    await using database = await createDatabase();
    await using network = await startNetwork(database.url);
    await using session = await connect(network.url);
    const { signal } = abortAfter(50);
    network.swallow();
    const seconds = await secondsOf(async () => {
      await expect(session.complete(['SELECT 1'], signal)).rejects.toMatchObject({ code: 'PD201' });
      await expect(session.complete(['ROLLBACK'], signal)).rejects.toMatchObject({ code: 'PD201' });
    });
    expect(seconds).toBeGreaterThan(3);
    expect(seconds).toBeLessThan(8);
  }, 30_000);

  it('completes nothing without an abort once the statement timeouts are long over', async () => {
    await using database = await createDatabase();
    await using network = await startNetwork(database.url);
    await using session = await connect(network.url, never, 500);
    network.swallow();
    await expect(session.complete(['SELECT 1', 'SELECT 2'], never)).rejects.toMatchObject({ code: 'PD201' });
  }, 30_000);

  it('is found by a read without an abort once the statement timeout is long over, and told to whoever listens', async () => {
    await using database = await createDatabase();
    await using network = await startNetwork(database.url);
    await using session = await connect(network.url, never, 500);
    const lost: string[] = [];
    session.onLost((error) => lost.push(error.code));
    network.swallow();
    await expect(session.rows(one, [], decodeOne, never)).rejects.toMatchObject({ code: 'PD201' });
    expect(lost).toEqual(['PD206']);
  }, 30_000);

  it('is closed within seconds', async () => {
    await using database = await createDatabase();
    await using network = await startNetwork(database.url);
    const session = await connect(network.url);
    network.swallow();
    expect(await secondsOf(() => session.close())).toBeLessThan(4);
  });

  it('rolls back no longer than it waits for an abort', async () => {
    await using database = await createDatabase();
    await using network = await startNetwork(database.url);
    await using session = await connect(network.url);
    const failing = session.transaction(async () => {
      network.swallow();
      return await Promise.reject(new Error('the body failed'));
    }, never);
    expect(await secondsOf(() => expect(failing).rejects.toThrow('the body failed'))).toBeLessThan(7);
  }, 20_000);
});

describe('connecting', () => {
  it('ends at once on an abort, by its reason, when nobody answers', async () => {
    await using database = await createDatabase();
    await using network = await startNetwork(database.url);
    network.swallow();
    const { signal, reason } = abortAfter(50);
    expect(await secondsOf(() => expect(connect(network.url, signal)).rejects.toBe(reason))).toBeLessThan(2);
  });

  it.each(['', '\n', 'host=db password=secret', 'not a url'])('refuses a urlFile that holds %j instead of a URL', async (content) => {
    using folder = temporaryFolder();
    const path = join(folder.path, 'url');
    await writeFile(path, content);
    const refusal: unknown = await connectSession({ kind: 'file', path }, settings, never).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'PD208', message: expect.stringContaining(path) });
    expect(String(refusal)).not.toContain('secret');
  });

  it('reads the urlFile anew, so that a rotated password is good for the next connection', async () => {
    await using cluster = await startCluster({ tcp: true });
    await using database = await createDatabase(cluster.url);
    const { name, password } = await database.createRole('rotated');
    using folder = temporaryFolder();
    const path = join(folder.path, 'uri');
    const write = (secret: string): Promise<void> =>
      writeFile(path, `postgresql://${name}:${secret}@127.0.0.1:${cluster.tcpPort}/${database.name}\n`);
    const open = (): Promise<Session> => connectSession({ kind: 'file', path }, settings, never);
    await write(password);
    const before = await open();
    await database.query(`ALTER ROLE "${name}" PASSWORD 'another'`);
    await expect(open()).rejects.toMatchObject({ code: 'PD202' });
    await write('another');
    const after = await open();
    // Who is in stays in.
    for (const session of [before, after]) {
      expect(await session.rows(one, [], decodeOne, never)).toEqual([{ it: 'x' }]);
      await session.close();
    }
  });

  it('lifts a limit on all transactions, where there is one', async (context) => {
    onlyOn(context, (major) => major >= 17, 'transaction_timeout came with 17');
    await using database = await createDatabase();
    await database.query(`ALTER DATABASE "${database.name}" SET transaction_timeout = '200ms'`);
    await using session = await connect(database.url);
    await session.execute('SELECT pg_sleep(0.5)', never);
  });

  it('pins how soon the server notices that the client is gone', async () => {
    await using database = await createDatabase();
    await using network = await startNetwork(database.url);
    await using session = await connect(network.url);
    const shown = namedSql('shown', 'SELECT current_setting(\'client_connection_check_interval\') AS "it"');
    expect(await session.rows(shown, [], decodeOne, never)).toEqual([{ it: '5s' }]);
  });
});

describe('a session of a process that is stopped', () => {
  /** What a stopped process does: it neither sends nor reads. */
  const linger = async (database: TestDatabase, held: string): Promise<void> => {
    await waitFor(
      'the server to end the session',
      () => database.query(held),
      (rows) => rows.length === 0,
      { timeoutMs: 60_000 },
    );
  };

  it('loses its advisory lock after idleTimeoutMs', async () => {
    await using database = await createDatabase();
    await using network = await startNetwork(database.url);
    const session = await connectSession({ kind: 'url', url: network.url }, { ...settings, idleTimeoutMs: 1_000 }, never);
    const locks =
      "SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database WHERE locktype = 'advisory' AND datname = current_database()";
    expect(await tryAdvisoryLock(session, 42n, never)).toBe(true);
    expect(await database.query(locks)).toHaveLength(1);
    network.swallow();
    await linger(database, locks);
    await session.close();
  });

  it('loses what it locked in a transaction 20 s after its last statement, which leaves a successor time to take over within 45 s', async () => {
    await using database = await createDatabase();
    await database.query('CREATE TABLE public.epoch (epoch int8); INSERT INTO public.epoch VALUES (1)');
    await using network = await startNetwork(database.url);
    const session = await connect(network.url);
    await session.execute('BEGIN; SELECT FROM public.epoch FOR SHARE', never);
    const backend = `SELECT FROM pg_stat_activity WHERE pid = ${session.pid}`;
    network.swallow();
    const seconds = await secondsOf(() => linger(database, backend));
    expect(seconds).toBeGreaterThan(15);
    expect(seconds).toBeLessThan(40);
    await session.close();
    expect(await database.query('UPDATE public.epoch SET epoch = 2 RETURNING epoch')).toEqual([{ epoch: '2' }]);
  }, 90_000);

  it('is told by a statement that comes too late that the connection was lost', async () => {
    await using database = await createDatabase();
    await using session = await connect(database.url);
    await session.execute("SET idle_in_transaction_session_timeout = '200ms'", never);
    const lost: string[] = [];
    session.onLost((error) => lost.push(error.code));
    await session.execute('BEGIN', never);
    await waitFor(
      'the loss',
      () => lost,
      (codes) => codes.length === 1,
    );
    expect(lost).toEqual(['PD206']);
    await expect(session.execute('SELECT 1', never)).rejects.toMatchObject({ name: 'ConnectionError' });
  });
});

describe('an abort', () => {
  it('cancels the statement on the server and leaves the session of use', async () => {
    await using database = await createDatabase();
    await using session = await connect(database.url);
    const { signal, reason } = abortAfter(100);
    await expect(session.execute('SELECT pg_sleep(60)', signal)).rejects.toBe(reason);
    expect(await session.rows(one, [], decodeOne, never)).toEqual([{ it: 'x' }]);
    await waitFor(
      'the end of the cancelling connection',
      () => database.query("SELECT FROM pg_stat_activity WHERE application_name = 'partitiond:cancel'"),
      (rows) => rows.length === 0,
    );
  });

  it('cancels nothing of another backend that has the pid by now', async () => {
    await using database = await createDatabase();
    await using session = await connect(database.url);
    const sleeping = session.execute('SELECT pg_sleep(60)', never).catch((error: unknown) => error);
    const running = `SELECT (EXTRACT(epoch FROM backend_start) * 1000000)::int8::text AS at FROM pg_stat_activity WHERE pid = ${session.pid} AND state = 'active'`;
    const [found] = await waitFor(
      'the statement',
      () => database.query<{ at: string }>(`${running} AND query = 'SELECT pg_sleep(60)'`),
      (rows) => rows.length === 1,
    );
    const startedAt = found?.at ?? '';
    const cancel = async (at: string): Promise<void> =>
      await cancelBackend({ kind: 'url', url: database.url }, { pid: session.pid, startedAt: at }, 5_000, undefined);
    await cancel(String(BigInt(startedAt) + 1n));
    expect(await database.query(running)).toHaveLength(1);
    await cancel(startedAt);
    expect(await sleeping).toMatchObject({ sqlstate: '57014' });
  });

  it('lets a brief statement complete, and one that takes seconds no more', async () => {
    await using database = await createDatabase();
    await using session = await connect(database.url);
    await session.execute('CREATE TABLE public.made ()', never);
    const { signal } = abortAfter(100);
    await session.complete(['BEGIN', 'SELECT pg_sleep(1)', 'CREATE TABLE public.brief ()', 'COMMIT'], signal);
    await session.complete(['CREATE TABLE public.afterwards ()'], signal);
    await expect(session.complete(['SELECT pg_sleep(20)', 'CREATE TABLE public.late ()'], signal)).rejects.toMatchObject({ code: 'PD201' });
    const tables = "SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY relname";
    expect(await database.query(tables)).toEqual([{ name: 'afterwards' }, { name: 'brief' }, { name: 'made' }]);
  }, 30_000);

  it('leaves a long statement alone as long as nobody aborts', async () => {
    await using database = await createDatabase();
    await using session = await connect(database.url, never, 100);
    await session.execute('BEGIN; SET LOCAL statement_timeout = 0; SELECT pg_sleep(12); COMMIT', never);
  }, 30_000);

  it('never cancels the statement after the one that it was for', async () => {
    await using database = await createDatabase();
    await using network = await startNetwork(database.url);
    await using session = await connect(network.url);
    network.delayNew(600);
    await session.execute('SELECT pg_sleep(0.3)', abortAfter(100).signal);
    await session.execute('SELECT pg_sleep(1)', never);
  });
});
