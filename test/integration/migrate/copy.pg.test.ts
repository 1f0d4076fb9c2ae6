import type pg from 'pg';
import { describe, expect, it } from 'vitest';
import { renderGuardFunction } from '../../../src/ddl/migration/target/guard.ts';
import { MigrationError } from '../../../src/errors.ts';
import { installCapture } from '../../../src/migrate/capture/install-capture.ts';
import { backfill } from '../../../src/migrate/copy/backfill.ts';
import { openSource } from '../../../src/migrate/copy/open-source.ts';
import type { MigrationEvent } from '../../../src/migrate/event.ts';
import { catchUp } from '../../../src/migrate/replay/catch-up.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { type HandMade, type HandMadeEngine, handMade, handMadePolicy } from '../../support/migrate/hand-made.ts';
import { compareLedger, createLedger, startLedgerWriters } from '../../support/migrate/ledger.ts';
import { noAbort } from '../../support/open-session.ts';
import { waitFor } from '../../support/wait-for.ts';
import { type WaitingLock, waitForLockWaiter } from '../../support/wait-for-lock.ts';

/** Of a table of 20,000 rows in about 240 blocks, the last of them partly full, in batches of a few dozen. */
const source = `
CREATE TABLE public.revenues (
  id bigint PRIMARY KEY, org_id integer NOT NULL, occurred_at timestamptz NOT NULL, amount numeric(12,2), note text, UNIQUE (id, occurred_at)
);
INSERT INTO public.revenues
SELECT n, n % 100, '2024-10-01 00:00+00'::timestamptz + n * interval '30 minutes', n * 1.5, 'row ' || n
FROM generate_series(1, 20000) AS n`;

const copy = { ...handMadePolicy().copy, batchTimeMs: 10 };

async function prepared(database: TestDatabase, wanted: HandMade = {}): Promise<HandMadeEngine> {
  const engine = await handMade(database, { source, ...wanted, migration: { copy, ...wanted.migration } });
  await installCapture(engine, noAbort);
  await openSource(engine, noAbort);
  return engine;
}

/** Rows of which one side has more than the other. */
async function differences(database: TestDatabase): Promise<number> {
  const [row] = await database.query<{ count: number }>(
    `SELECT (SELECT count(*)::int FROM (TABLE revenues EXCEPT ALL TABLE revenues_partitioned) AS a)
          + (SELECT count(*)::int FROM (TABLE revenues_partitioned EXCEPT ALL TABLE revenues) AS b) AS count`,
  );
  return row?.count ?? Number.NaN;
}

interface Range {
  readonly from: number;
  readonly to: number;
  readonly state: string;
}

async function ranges(database: TestDatabase): Promise<readonly Range[]> {
  return await database.query<Range & Record<string, unknown>>(
    'SELECT from_block::int AS "from", to_block::int AS "to", state FROM partitiond.migration_range ORDER BY from_block',
  );
}

async function assertAllChecked(database: TestDatabase): Promise<void> {
  const found = await ranges(database);
  const [size] = await database.query<{ blocks: number; noted: number; isOurs: boolean }>(
    `SELECT (pg_relation_size('revenues') / 8192)::int AS blocks, blocks::int AS noted, filenode = pg_relation_filenode('revenues') AS "isOurs"
     FROM partitiond.migration_source`,
  );
  expect(size).toMatchObject({ isOurs: true });
  expect(found.filter(({ state }) => state !== 'checked')).toEqual([]);
  expect([0, ...found.map(({ to }) => to)]).toEqual([...found.map(({ from }) => from), size?.noted]);
}

/** An uncommitted row of the target with the key of row `id`: the batch that copies it waits for its end. */
async function park(database: TestDatabase, id: number): Promise<pg.Client> {
  const client = await database.client();
  await client.query(`BEGIN; SET LOCAL partitiond.migration = '1'`);
  await client.query('INSERT INTO revenues_partitioned SELECT * FROM revenues WHERE id = $1', [id]);
  return client;
}

/** A batch that waits for the end of somebody's transaction. */
const isParked = ({ applicationName, mode, relation }: WaitingLock): boolean =>
  applicationName === 'partitiond:copy' && mode === 'ShareLock' && relation === null;

describe('backfill', () => {
  it('copies and checks every block once, the partly full last one too, and does nothing the second time', async () => {
    await using database = await createDatabase();
    await using engine = await prepared(database);
    await backfill(engine, noAbort);
    expect(await differences(database)).toBe(0);
    await assertAllChecked(database);
    const copied = engine.events.flatMap((event) => (event.kind === 'batch-copied' ? [event] : []));
    expect(copied.length).toBeGreaterThan(3);
    expect(copied.reduce((rows, event) => rows + event.rows, 0)).toBe(20_000);
    expect(engine.events.flatMap((event) => (event.kind === 'batch-checked' ? [event.rows] : [])).reduce((a, b) => a + b, 0)).toBe(20_000);
    expect(engine.events.some(({ kind }) => kind === 'canary')).toBe(true);
    engine.events.length = 0;
    await backfill(engine, noAbort);
    expect(engine.events).toEqual([]);
    // What a process that died had copied and not checked yet is checked by the next.
    await database.query(`UPDATE partitiond.migration_range SET state = 'copied' WHERE from_block = 0`);
    await backfill(engine, noAbort);
    expect(engine.events.filter(({ kind }) => kind === 'batch-copied' || kind === 'batch-checked').map(({ kind }) => kind)).toEqual([
      'batch-checked',
    ]);
    await assertAllChecked(database);
  });

  it('has nothing to do for an empty table, whose later rows are in the log', async () => {
    await using database = await createDatabase();
    await using engine = await prepared(database, { source: source.replace('20000', '0') });
    await backfill(engine, noAbort);
    await database.query(`INSERT INTO revenues VALUES (1, 1, '2025-01-01', 1, 'late')`);
    await backfill(engine, noAbort);
    expect(engine.events.filter(({ kind }) => kind !== 'migration-step')).toEqual([]);
    await catchUp(engine, noAbort);
    expect(await differences(database)).toBe(0);
  });

  it('goes on after a backend was killed in a batch, lets a VACUUM FULL wait for one batch alone, and copies the new file', async () => {
    await using database = await createDatabase();
    await using engine = await prepared(database, { migration: { copy: { ...copy, workers: 1, batchTimeMs: 2 } } });
    // Not in the first batch, nor in the last.
    const parked = await park(database, 10_000);
    const copying = backfill(engine, noAbort);
    const victim = await waitForLockWaiter(database, isParked);
    expect(engine.events.some(({ kind }) => kind === 'batch-copied')).toBe(true);
    await database.query('SELECT pg_terminate_backend($1)', [victim.pid]);
    await waitForLockWaiter(database, (lock) => isParked(lock) && lock.pid !== victim.pid);
    // Rows of blocks that were copied move behind all others; the gaps make the new file shorter.
    await database.query('UPDATE revenues SET amount = -1 WHERE id <= 3000; DELETE FROM revenues WHERE id BETWEEN 14000 AND 18000');
    const vacuum = await database.client();
    const vacuuming = vacuum.query('VACUUM FULL revenues');
    await waitForLockWaiter(database, ({ mode, relation }) => mode === 'AccessExclusiveLock' && relation === 'revenues');
    const isHeld = (event: MigrationEvent): boolean => event.kind === 'throttled' && event.reason === 'lock';
    await waitFor(
      'the brake',
      () => engine.events,
      (events) => events.some(isHeld),
    );
    await parked.query('ROLLBACK');
    await vacuuming;
    await copying;
    await assertAllChecked(database);
    await catchUp(engine, noAbort);
    expect(await differences(database)).toBe(0);
  });

  it('leaves the range of a cancelled batch open when it is stopped, and goes on with it later', async () => {
    await using database = await createDatabase();
    await using engine = await prepared(database);
    const parked = await park(database, 9_000);
    const stop = new AbortController();
    const copying = backfill(engine, stop.signal);
    await waitForLockWaiter(database, isParked);
    stop.abort(new Error('stopped'));
    await expect(copying).rejects.toThrow('stopped');
    expect(await database.query(`SELECT 1 FROM pg_locks WHERE NOT granted`)).toEqual([]);
    await parked.query('ROLLBACK');
    const [row] = await database.query<{ count: number }>('SELECT count(*)::int AS count FROM revenues_partitioned WHERE id = 9000');
    expect(row?.count).toBe(0);
    await backfill(engine, noAbort);
    await assertAllChecked(database);
    expect(await differences(database)).toBe(0);
  });

  it('makes the partitions that rows lack, and no far-future one', async () => {
    await using database = await createDatabase();
    await using engine = await prepared(database);
    await database.query(renderGuardFunction('partitiond', engine.id, engine.spec.table));
    await database.query(`ALTER TABLE revenues_partitioned DETACH PARTITION revenues_2025_q2; DROP TABLE revenues_2025_q2`);
    await backfill(engine, noAbort);
    await assertAllChecked(database);
    expect(await differences(database)).toBe(0);
    const made = await database.query(
      `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'revenues_partitioned'::regclass ORDER BY name`,
    );
    expect(made.map(({ name }) => name)).toEqual(expect.arrayContaining(['revenues_2025_q2']));
    expect(made.some(({ name }) => String(name).includes('2030'))).toBe(false);
  });

  it('stops all and pauses when a batch differs from its source', async () => {
    await using database = await createDatabase();
    await using engine = await prepared(database);
    await database.query(`
      CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.amount := NULL; RETURN NEW; END';
      CREATE TRIGGER spoil BEFORE INSERT ON revenues_partitioned FOR EACH ROW WHEN (NEW.id = 777) EXECUTE FUNCTION spoil()`);
    await expect(backfill(engine, noAbort)).rejects.toThrow(MigrationError);
    expect(engine.record.paused).toMatchObject({
      kind: 'mismatch',
      reason: expect.stringMatching(/^1 of the rows .* public\.revenues differ/),
    });
    expect(
      await database.query(`SELECT 1 FROM pg_stat_activity WHERE application_name = 'partitiond:copy' AND datname = current_database()`),
    ).toEqual([]);
  });

  it('copies nothing outside its window, while replay keeps the log within its bound', async () => {
    await using database = await createDatabase();
    const never = { days: [], fromMinute: 0, toMinute: 1 };
    await using engine = await prepared(database, { migration: { window: [never], copy: { ...copy, maxBacklog: 100 } } });
    await database.query(`UPDATE revenues SET amount = amount + 1 WHERE id <= 1000`);
    const stop = new AbortController();
    const copying = backfill(engine, stop.signal);
    const backlog = async () =>
      (await database.query<{ count: number }>('SELECT count(*)::int AS count FROM partitiond.capture_1'))[0]?.count;
    await waitFor('a bite of the log', backlog, (count) => count === 0);
    await waitFor(
      'the brake',
      () => engine.events,
      (events) => events.some((event) => event.kind === 'throttled' && event.reason === 'window'),
    );
    stop.abort(new Error('stopped'));
    await expect(copying).rejects.toThrow('stopped');
    expect(engine.events.some(({ kind }) => kind === 'batch-copied')).toBe(false);
    expect(await ranges(database)).toEqual([]);
  });

  it.each(['log', 'dual'] as const)('%#: loses and doubles nothing under writers, captured by %s', async (capture) => {
    await using database = await createDatabase();
    await using engine = await prepared(database, { capture, migration: { capture, copy: { ...copy, pace: 1 } } });
    await createLedger(database.url, 'public.revenues');
    const options = { table: 'public.revenues', from: '2024-10-01', days: 400, budgetMs: 5_000, seed: 5 };
    await using writers = await startLedgerWriters(database.url, { ...options, writers: 3, pauseMs: 0, isolation: 'repeatable read' });
    await backfill(engine, noAbort);
    await writers.stop();
    expect(writers.errors.filter((error) => !/could not serialize/.test(error))).toEqual([]);
    await catchUp(engine, noAbort);
    expect(await compareLedger(database.url, 'public.revenues')).toEqual([]);
    expect(await compareLedger(database.url, 'public.revenues_partitioned')).toEqual([]);
    await assertAllChecked(database);
  });
});
