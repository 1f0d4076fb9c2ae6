import { describe, expect, it } from 'vitest';
import { type BlockedSessions, blockedSessionsSql, decodeBlockedSessions } from '../../src/service/tasks/blocked-sessions.sql.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { noAbort, openSession } from '../support/open-session.ts';
import { waitForLockWaiter } from '../support/wait-for-lock.ts';

/** Who waits behind a transaction that has `held`, while another session runs `wanted`; null: nobody. */
async function behind(database: TestDatabase, held: string, wanted: string | null): Promise<readonly BlockedSessions[]> {
  const holder = await database.client();
  const [backend] = (await holder.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows;
  await holder.query(`BEGIN; ${held}`);
  const waiter = await database.client({ applicationName: 'waiter' });
  const waiting = wanted === null ? null : waiter.query(wanted);
  if (waiting !== null) await waitForLockWaiter(database, ({ applicationName }) => applicationName === 'waiter');
  await using session = await openSession(database);
  try {
    return await session.rows(blockedSessionsSql, [backend?.pid], decodeBlockedSessions, noAbort);
  } finally {
    await holder.query('ROLLBACK');
    await waiting;
  }
}

describe('who waits behind a backend', () => {
  it('is nobody, or whoever waits for its table, its row or its lock of another kind, with what for', async () => {
    await using database = await createDatabase();
    await database.query('CREATE TABLE "a table" (id int PRIMARY KEY); INSERT INTO "a table" VALUES (1)');
    const reads = 'SELECT FROM "a table"';
    expect(await behind(database, reads, null)).toEqual([{ count: 0, waitedMs: null, lock: null }]);
    const table = await behind(database, reads, 'ALTER TABLE "a table" ADD COLUMN note text');
    expect(table).toMatchObject([{ count: 1, lock: 'AccessExclusiveLock on public."a table"' }]);
    const write = 'UPDATE "a table" SET note = 1';
    expect(await behind(database, write, write)).toMatchObject([{ count: 1, lock: 'ShareLock on a transactionid' }]);
  });
});
