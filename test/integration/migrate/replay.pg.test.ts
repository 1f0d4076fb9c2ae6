import { expect, it } from 'vitest';
import { truncateTrigger } from '../../../src/ddl/migration/capture/capture-triggers.ts';
import type { BatchRegister } from '../../../src/migrate/batch-register.ts';
import { installCapture } from '../../../src/migrate/capture/install-capture.ts';
import { catchUp } from '../../../src/migrate/replay/catch-up.ts';
import { replayBite } from '../../../src/migrate/replay/replay-bite.ts';
import { createDatabase } from '../../support/database.ts';
import { handMade } from '../../support/migrate/hand-made.ts';
import { beginBatch, copySql, differences, logLength, swapNames } from '../../support/migrate/two-tables.ts';
import { noAbort } from '../../support/open-session.ts';
import { waitFor } from '../../support/wait-for.ts';
import { waitForLockWaiter } from '../../support/wait-for-lock.ts';

const levels = ['READ COMMITTED', 'REPEATABLE READ'] as const;

it.each(levels)('keeps a deleted row away that a batch in flight still brings, after a writer at %s', async (level) => {
  await using database = await createDatabase();
  await using engine = await handMade(database);
  await installCapture(engine, noAbort);
  const [copier, writer] = [await database.client(), await database.client()];
  const batch = await beginBatch(engine, copier);
  await writer.query(`BEGIN ISOLATION LEVEL ${level}; DELETE FROM revenues WHERE id = 1; UPDATE revenues SET amount = 0 WHERE id = 2;
    UPDATE revenues SET occurred_at = '2025-12-01 00:00+00' WHERE id = 3; COMMIT`);
  expect(await replayBite(engine, engine.session, 100, noAbort)).toEqual({ entries: 0, isEmpty: false });
  await batch.commit();
  await catchUp(engine, noAbort);
  expect(await differences(database, engine)).toEqual([]);
});

it('consumes what every batch in flight sees, and waits for a batch that does not know its snapshot yet', async () => {
  await using database = await createDatabase();
  await using engine = await handMade(database);
  await installCapture(engine, noAbort);
  await database.query('DELETE FROM revenues WHERE id = 1');
  const ticket = engine.register.begin();
  const replaying = replayBite(engine, engine.session, 100, noAbort);
  await waitFor(
    'replay with its snapshot',
    () => database.query(`SELECT state FROM pg_stat_activity WHERE pid = ${engine.session.pid} AND backend_xmin IS NOT NULL`),
    (rows) => rows[0]?.['state'] === 'idle in transaction',
  );
  const [now] = await database.query<{ snapshot: string }>('SELECT pg_current_snapshot()::text AS snapshot');
  ticket.know(now?.snapshot ?? '');
  expect((await replaying).entries).toBe(1);
  ticket.end();
});

it('holds entries back for a batch that commits after the snapshot of replay and before replay asks', async () => {
  await using database = await createDatabase();
  await using engine = await handMade(database);
  await installCapture(engine, noAbort);
  const batch = await beginBatch(engine, await database.client());
  await database.query('DELETE FROM revenues WHERE id = 1');
  afterSnapshot(engine.register, batch.commit);
  await replayBite(engine, engine.session, 100, noAbort);
  await catchUp(engine, noAbort);
  expect(await differences(database, engine)).toEqual([]);
});

it('holds entries back for a batch that begins after replay has and commits before replay asks', async () => {
  await using database = await createDatabase();
  await using engine = await handMade(database);
  await installCapture(engine, noAbort);
  const [copier, blocker] = [await database.client(), await database.client()];
  await database.query('CREATE TABLE public.gate ()');
  await blocker.query('BEGIN; LOCK TABLE public.gate');
  await engine.session.execute('SET lock_timeout = 0', noAbort);
  // LOCK takes no snapshot: replay has begun, and does not have one yet.
  const gated = { ...engine, guardSql: `LOCK TABLE public.gate IN SHARE MODE; ${engine.guardSql}` };
  const replaying = replayBite(gated, engine.session, 100, noAbort);
  await waitForLockWaiter(database, ({ pid }) => pid === engine.session.pid);
  const batch = await beginBatch(engine, copier);
  await database.query('DELETE FROM revenues WHERE id = 1');
  afterSnapshot(engine.register, batch.commit);
  await blocker.query('COMMIT');
  await replaying;
  await catchUp(engine, noAbort);
  expect(await differences(database, engine)).toEqual([]);
});

it('chooses by visibility, as numbers of the log commit out of order', async () => {
  await using database = await createDatabase();
  await using engine = await handMade(database, { phase: 'catch-up' });
  await installCapture(engine, noAbort);
  await database.query(`BEGIN; ${copySql(engine)}; COMMIT`);
  const [first, second] = [await database.client(), await database.client()];
  await first.query('BEGIN; UPDATE revenues SET amount = 1 WHERE id = 1');
  await second.query('UPDATE revenues SET amount = 2 WHERE id = 2');
  expect(await replayBite(engine, engine.session, 100, noAbort)).toEqual({ entries: 1, isEmpty: true });
  await first.query('UPDATE revenues SET amount = 1 WHERE id = 2; COMMIT');
  expect(await replayBite(engine, engine.session, 1, noAbort)).toEqual({ entries: 1, isEmpty: false });
  await catchUp(engine, noAbort);
  expect(await differences(database, engine)).toEqual([]);
});

it.each(['source', 'target'] as const)(
  'brings a row that moved only to its last place, whatever bite its positions fall into (%s live)',
  async (live) => {
    await using database = await createDatabase();
    await using engine = await handMade(database, { live: 'source', phase: 'catch-up' });
    await database.query(`BEGIN; ${copySql(engine)}; COMMIT`);
    if (live === 'target') {
      await swapNames(database, engine);
      engine.record = { ...engine.record, live, phase: 'switched' };
    }
    await installCapture(engine, noAbort);
    for (const day of ['2025-02-01', '2025-05-01', '2025-08-01']) {
      await database.query(`UPDATE revenues SET occurred_at = '${day} 00:00+00' WHERE id IN (1, 2, 3)`);
    }
    await database.query('DELETE FROM revenues WHERE id = 2');
    for (let bites = 0, isEmpty = false; !isEmpty; bites += 1) {
      expect(bites).toBeLessThan(50);
      ({ isEmpty } = await replayBite(engine, engine.session, 1, noAbort));
    }
    expect(await differences(database, engine)).toEqual([]);
  },
);

it('takes the whole log where a unique value has passed from row to row, and tells of one that the follower can not hold', async () => {
  await using database = await createDatabase();
  await using engine = await handMade(database, { phase: 'catch-up' });
  await installCapture(engine, noAbort);
  await database.query(
    `BEGIN; ${copySql(engine)}; COMMIT; UPDATE revenues SET note = 'a' WHERE id = 1; UPDATE revenues SET note = 'b' WHERE id = 2`,
  );
  await catchUp(engine, noAbort);
  await database.query(`CREATE UNIQUE INDEX ON revenues_2024_q4 (note); UPDATE revenues SET note = 'c' WHERE id = 1;
    UPDATE revenues SET note = 'a' WHERE id = 2; UPDATE revenues SET note = 'b' WHERE id = 1`);
  await database.query('DELETE FROM partitiond.capture_1 WHERE seq = (SELECT min(seq) FROM partitiond.capture_1)');
  expect(await replayBite(engine, engine.session, 1, noAbort)).toEqual({ entries: 2, isEmpty: true });
  expect(await differences(database, engine)).toEqual([]);
  await database.query("UPDATE revenues SET note = 'b' WHERE id = 2");
  await expect(catchUp(engine, noAbort)).rejects.toMatchObject({ code: 'PD625' });
  expect(await logLength(database, engine)).toBe(1);
});

it('follows TRUNCATE of the source while it is copied when no batch is in flight, and lets the copy begin anew', async () => {
  await using database = await createDatabase();
  await using engine = await handMade(database);
  await installCapture(engine, noAbort);
  const batch = await beginBatch(engine, await database.client(), 'WHERE id <= 100');
  const application = await database.client();
  const truncating = application.query("TRUNCATE revenues; INSERT INTO revenues VALUES (7, 1, '2025-02-02 00:00+00')");
  await waitForLockWaiter(database, ({ mode }) => mode === 'AccessExclusiveLock');
  await batch.commit();
  await truncating;
  const ticket = engine.register.begin();
  const replaying = catchUp(engine, noAbort);
  ticket.know('1:1:');
  await expect(engine.register.enter(AbortSignal.abort(new Error('stopped')))).rejects.toThrow('stopped');
  ticket.end();
  await replaying;
  expect(await database.query('SELECT count(*) AS n FROM revenues_partitioned')).toEqual([{ n: '0' }]);
  expect(await logLength(database, engine)).toBe(0);
  const [file] = await database.query('SELECT filenode = pg_relation_filenode(oid) AS fresh, blocks FROM partitiond.migration_source');
  expect(file).toEqual({ fresh: true, blocks: '1' });
});

it.each(['log', 'dual'] as const)(
  'follows TRUNCATE of the live table and of one of its partitions, and keeps what came after (%s)',
  async (capture) => {
    await using database = await createDatabase();
    await using engine = await handMade(database, { phase: 'catch-up', capture });
    await installCapture(engine, noAbort);
    await database.query(`BEGIN; ${copySql(engine)}; COMMIT`);
    const insert = (id: number, day: string): string => `INSERT INTO revenues VALUES (${id}, 1, '${day} 00:00+00')`;
    await database.query(`${insert(-1, '2025-02-02')}; TRUNCATE revenues; ${insert(5, '2025-02-02')}; ${insert(6, '2025-05-05')}`);
    await catchUp(engine, noAbort);
    expect(await differences(database, engine)).toEqual([]);
    const { name } = truncateTrigger(engine.id);
    await database.query(`ALTER TABLE revenues DISABLE TRIGGER USER; ALTER TABLE revenues_partitioned ENABLE ALWAYS TRIGGER ${name},
    ENABLE ALWAYS TRIGGER partitiond_capture_${engine.id}_row`);
    await swapNames(database, engine);
    engine.record = { ...engine.record, live: 'target', phase: 'switched' };
    await database.query(
      `SET TimeZone = 'Australia/Lord_Howe'; SET DateStyle = 'SQL, DMY'; TRUNCATE revenues_2025_q1; ${insert(8, '2025-03-03')}`,
    );
    await catchUp(engine, noAbort);
    expect(await differences(database, engine)).toEqual([]);
    expect(await database.query('SELECT id FROM revenues ORDER BY id')).toEqual([{ id: '6' }, { id: '8' }]);
    await database.query(`TRUNCATE revenues; ${insert(9, '2025-08-08')}`);
    await catchUp(engine, noAbort);
    expect(await differences(database, engine)).toEqual([]);
  },
);

/** Runs `body` once, when replay has its snapshot and is about to ask which batches are in flight. */
function afterSnapshot(register: BatchRegister, body: () => Promise<void>): void {
  let done: Promise<void> | null = null;
  const watch = register.watch.bind(register);
  register.watch = () => {
    const { snapshots, close } = watch();
    return {
      snapshots: async (signal) => {
        done ??= body();
        await done;
        return await snapshots(signal);
      },
      close,
    };
  };
}
