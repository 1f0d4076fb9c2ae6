import { describe, expect, it } from 'vitest';
import { readProgress } from '../../src/catalog/read-progress.ts';
import type { CommandProgress } from '../../src/partition/upkeep.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { noAbort, openSession, type TestSession } from '../support/open-session.ts';
import { type WaitOptions, waitFor } from '../support/wait-for.ts';
import { waitForLockWaiter } from '../support/wait-for-lock.ts';

/** A command on a session of its own, which is cancelled at the end if it still runs. */
async function running(
  database: TestDatabase,
  sql: string,
  options: { readonly applicationName?: string; readonly before?: string } = {},
): Promise<AsyncDisposable & { readonly pid: number }> {
  const client = await database.client({ applicationName: options.applicationName ?? 'partitiond:maintenance' });
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  const pid = rows[0]?.pid ?? 0;
  if (options.before !== undefined) await client.query(options.before);
  const done = client.query(sql).then(
    () => undefined,
    () => undefined,
  );
  return {
    pid,
    [Symbol.asyncDispose]: async () => {
      await database.query('SELECT pg_cancel_backend($1)', [pid]);
      await done;
    },
  };
}

const patience: WaitOptions = { timeoutMs: 60_000 };

async function oidOf(database: TestDatabase, name: string): Promise<string> {
  const [row] = await database.query<{ oid: string }>('SELECT $1::regclass::oid::text AS oid', [name]);
  return row?.oid ?? '';
}

async function seen(
  session: TestSession,
  pids: readonly number[] | null,
  isReached: (one: CommandProgress) => boolean,
): Promise<CommandProgress> {
  const rows = await waitFor(
    'a command at work',
    () => readProgress(session, pids, noAbort),
    (all) => all.some(isReached),
    patience,
  );
  const found = rows.find(isReached);
  if (found === undefined) throw new Error('unreachable: it was just seen');
  return found;
}

describe('the progress of long commands', () => {
  it('is nothing while none is at work', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    expect(await readProgress(session, null, noAbort)).toEqual([]);
    expect(await readProgress(session, [session.pid, 0], noAbort)).toEqual([]);
  });

  it('counts the pages of VACUUM and ANALYZE, TOAST included, of the sessions asked for', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    await database.query(`
      CREATE TABLE rows (id int8, body text) WITH (fillfactor = 10);
      ALTER TABLE rows ALTER COLUMN body SET STORAGE EXTERNAL;
      INSERT INTO rows SELECT i, repeat('x', 700) FROM generate_series(1, 3000) AS i;
      CREATE TABLE toasted (LIKE rows INCLUDING ALL);
      INSERT INTO toasted SELECT i, repeat('x', 8000) FROM generate_series(1, 1000) AS i`);
    // Sleeps after each few pages; a cancel ends it.
    const slowly =
      "SET vacuum_cost_delay = '100ms'; SET vacuum_cost_limit = 20; SET vacuum_cost_page_miss = 10; SET vacuum_cost_page_hit = 10";
    {
      await using vacuum = await running(database, 'VACUUM rows', { before: slowly });
      const one = await seen(session, null, ({ phase, done }) => phase === 'scanning heap' && done > 0);
      expect(one).toMatchObject({ pid: vacuum.pid, relationOid: await oidOf(database, 'rows'), command: 'vacuum' });
      expect(one.total).toBeGreaterThan(one.done);
      expect(await readProgress(session, [session.pid], noAbort)).toEqual([]);
    }
    {
      await using analyze = await running(database, 'ANALYZE rows', { before: slowly, applicationName: 'somebody else' });
      const one = await seen(session, [analyze.pid], ({ phase, done }) => phase === 'acquiring sample rows' && done > 0);
      expect(one).toMatchObject({ pid: analyze.pid, relationOid: await oidOf(database, 'rows'), command: 'analyze' });
      expect(one.total).toBeGreaterThan(one.done);
      expect(await readProgress(session, null, noAbort)).toEqual([]);
    }
    await using vacuum = await running(database, 'VACUUM toasted', { before: slowly });
    const [toast] = await database.query<{ oid: string }>("SELECT reltoastrelid::text AS oid FROM pg_class WHERE relname = 'toasted'");
    await waitFor(
      'VACUUM at the TOAST table',
      () => database.query<{ oid: string }>('SELECT relid::text AS oid FROM pg_stat_progress_vacuum WHERE pid = $1', [vacuum.pid]),
      ([row]) => row?.oid === toast?.oid,
      patience,
    );
    const owner = await oidOf(database, 'toasted');
    expect(await seen(session, [vacuum.pid], ({ relationOid }) => relationOid === owner)).toMatchObject({ command: 'vacuum' });
  });

  it('counts the sessions that CREATE INDEX and REINDEX wait for, and hides nothing of other tables', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    await database.query('CREATE TABLE a (id int8); CREATE TABLE b (id int8); CREATE INDEX b_id ON b (id)');
    const writer = await database.client();
    await writer.query('BEGIN; INSERT INTO a VALUES (1); INSERT INTO b VALUES (1)');
    await using create = await running(database, 'CREATE INDEX CONCURRENTLY a_id ON a (id)');
    await using reindex = await running(database, 'REINDEX INDEX CONCURRENTLY b_id');
    await waitForLockWaiter(database, ({ pid }) => pid === create.pid);
    await waitForLockWaiter(database, ({ pid }) => pid === reindex.pid);
    const rows = await readProgress(session, null, noAbort);
    const waiting = { phase: 'waiting for writers before build', done: 0, total: 1 };
    expect(rows.toSorted((x, y) => x.command.localeCompare(y.command))).toEqual([
      { pid: create.pid, relationOid: await oidOf(database, 'a'), command: 'create-index', ...waiting },
      { pid: reindex.pid, relationOid: await oidOf(database, 'b'), command: 'reindex', ...waiting },
    ]);
    await writer.query('ROLLBACK');
  });
});
