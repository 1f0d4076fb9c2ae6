import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { namedSql } from '../../src/postgres/named-sql.ts';
import { row, text } from '../../src/postgres/row-decoder.ts';
import { connectSession, type Session } from '../../src/postgres/session.ts';
import { createDatabase } from '../support/database.ts';
import { startNetwork } from '../support/network.ts';
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

async function secondsOf(body: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await body();
  return (performance.now() - start) / 1000;
}

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
    expect(seconds).toBeLessThan(9);
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
    const folder = await mkdtemp(join(tmpdir(), 'partitiond-url-'));
    const path = join(folder, 'url');
    await writeFile(path, content);
    const refusal: unknown = await connectSession({ kind: 'file', path }, settings, never).catch((error: unknown) => error);
    await rm(folder, { recursive: true });
    expect(refusal).toMatchObject({ code: 'PD208', message: expect.stringContaining(path) });
    expect(String(refusal)).not.toContain('secret');
  });

  it('pins how soon the server notices that the client is gone', async () => {
    await using database = await createDatabase();
    await using network = await startNetwork(database.url);
    await using session = await connect(network.url);
    const shown = namedSql('shown', 'SELECT current_setting(\'client_connection_check_interval\') AS "it"');
    expect(await session.rows(shown, [], decodeOne, never)).toEqual([{ it: '5s' }]);
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

  it('never cancels the statement after the one that it was for', async () => {
    await using database = await createDatabase();
    await using network = await startNetwork(database.url);
    await using session = await connect(network.url);
    network.delayNew(600);
    await session.execute('SELECT pg_sleep(0.3)', abortAfter(100).signal);
    await session.execute('SELECT pg_sleep(1)', never);
  });
});
