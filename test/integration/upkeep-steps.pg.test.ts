import { describe, expect, it } from 'vitest';
import type { StepReport } from '../../src/apply/step-report.ts';
import { applyUpkeepStep } from '../../src/apply/upkeep/apply-upkeep-step.ts';
import { UpkeepWorker } from '../../src/apply/upkeep/upkeep-worker.ts';
import { Yielded } from '../../src/apply/upkeep/yielded.ts';
import { ConnectionError } from '../../src/errors.ts';
import { readUpkeepMarks } from '../../src/journal/upkeep-marks.ts';
import type { UpkeepStep } from '../../src/plan/step.ts';
import { namedSql } from '../../src/postgres/named-sql.ts';
import { row, text } from '../../src/postgres/row-decoder.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { onlyOn } from '../support/only-on.ts';
import { journalSchema, oidOf } from '../support/steps.ts';
import { amountIndex, type Conducting, conducting, createRevenues, delegate, invalidIndexes, operations } from '../support/upkeep.ts';
import { waitFor } from '../support/wait-for.ts';
import { waitForLockWaiter } from '../support/wait-for-lock.ts';

const never = new AbortController().signal;

/** One step on the session of `open`, and its end written down. */
async function apply(open: Conducting, step: UpkeepStep, signal = never, cancel = signal): Promise<StepReport> {
  const worker = new UpkeepWorker(open.session);
  const report = await applyUpkeepStep(worker, step, open.context(), signal, cancel);
  await worker.settle(open.context(), never);
  return report;
}

async function filenodeOf(db: TestDatabase, name: string): Promise<string> {
  const [found] = await db.query<{ filenode: string }>('SELECT relfilenode::text AS filenode FROM pg_class WHERE oid = $1::regclass', [
    name,
  ]);
  return found?.filenode ?? '';
}

/** Until a backend runs a command that begins so; answers its pid. */
async function running(db: TestDatabase, command: string): Promise<number> {
  const seen = await waitFor(
    command,
    () =>
      db.query<{ pid: number }>(
        "SELECT pid FROM pg_stat_activity WHERE state = 'active' AND datname = current_database() AND query LIKE $1",
        [`/* partitiond:%*/ ${command}%`],
      ),
    (rows) => rows.length > 0,
  );
  return seen[0]?.pid ?? 0;
}

describe('a VACUUM', () => {
  it('removes dead rows, analyses, and is in the journal from its beginning', async () => {
    await using db = await createDatabase();
    const steps = await createRevenues(db, 1);
    await using open = await conducting(db);
    await db.query('DELETE FROM revenues_1 WHERE id > 10');
    expect(await apply(open, steps.vacuum('revenues_1'))).toMatchObject({ outcome: 'ok', error: null });
    expect(await db.query("SELECT reltuples::int AS rows FROM pg_class WHERE relname = 'revenues_1'")).toEqual([{ rows: 10 }]);
    expect(await operations(db)).toEqual([{ kind: 'vacuum', partition: 'revenues_1', outcome: 'ok', error: null }]);
  });

  it('leaves a locked partition alone, at once, and says so', async () => {
    await using db = await createDatabase();
    const steps = await createRevenues(db, 1);
    await using open = await conducting(db);
    const holder = await db.client();
    await holder.query('BEGIN; LOCK TABLE revenues_1 IN SHARE UPDATE EXCLUSIVE MODE');
    expect(await apply(open, steps.vacuum('revenues_1'))).toMatchObject({ outcome: 'skipped', yieldedTo: 'locked', error: null });
    expect(await operations(db)).toMatchObject([{ outcome: 'skipped', error: 'locked' }]);
  });

  it('does not wait for a locked index of its partition for longer than the lock budget', async () => {
    await using db = await createDatabase();
    const steps = await createRevenues(db, 1);
    await db.query('CREATE INDEX held ON revenues_1 (id)');
    await using open = await conducting(db);
    const holder = await db.client();
    await holder.query('BEGIN; ALTER INDEX held SET (fillfactor = 90)');
    const context = open.context({ budget: { attemptMs: 50, totalMs: 300, pauseMs: 20 } });
    const report = await applyUpkeepStep(new UpkeepWorker(open.session), steps.vacuum('revenues_1'), context, never);
    expect(report).toMatchObject({ outcome: 'skipped', yieldedTo: 'locked', error: null });
  });

  it('is no failure when the partition is gone, detached or not, or has another name', async () => {
    await using db = await createDatabase();
    const steps = await createRevenues(db, 2);
    await using open = await conducting(db);
    await db.query('DROP TABLE revenues_1; ALTER TABLE revenues_2 RENAME TO other');
    expect(await apply(open, steps.vacuum('revenues_1'))).toMatchObject({ outcome: 'skipped', yieldedTo: 'gone', error: null });
    expect(await apply(open, steps.analyze('revenues_2'))).toMatchObject({ outcome: 'skipped', yieldedTo: 'gone', error: null });
  });

  it('fails by name of the privilege where PostgreSQL only warns', async () => {
    await using db = await createDatabase();
    const steps = await createRevenues(db, 1);
    const role = await db.createRole('reader');
    await db.query(
      `GRANT USAGE ON SCHEMA ${journalSchema} TO "${role.name}"; GRANT ALL ON ALL TABLES IN SCHEMA ${journalSchema} TO "${role.name}"`,
    );
    await using open = await conducting(db, role.url);
    for (const step of [steps.vacuum('revenues_1'), steps.analyze('revenues_1')]) {
      const { outcome, error } = await apply(open, step);
      expect({ outcome, code: error?.code }).toEqual({ outcome: 'failed', code: 'PD520' });
      expect(error?.message).toContain(`GRANT MAINTAIN ON public.revenues_1 TO ${role.name}`);
    }
  });

  it('works for a role that has MAINTAIN and nothing else', async (context) => {
    onlyOn(context, (major) => major >= 17, 'MAINTAIN came with 17');
    await using db = await createDatabase();
    const steps = await createRevenues(db, 1);
    const role = await db.createRole('maintainer');
    await db.query(
      `GRANT USAGE ON SCHEMA ${journalSchema} TO "${role.name}"; GRANT ALL ON ALL TABLES IN SCHEMA ${journalSchema} TO "${role.name}"`,
    );
    await db.query(`GRANT MAINTAIN ON revenues_1 TO "${role.name}"`);
    await using open = await conducting(db, role.url);
    expect(await apply(open, steps.vacuum('revenues_1'))).toMatchObject({ outcome: 'ok', error: null });
  });

  it('remembers a partition as frozen once nearly all its pages are', async () => {
    await using db = await createDatabase();
    // More than 200 pages.
    const steps = await createRevenues(db, 1, 40_000);
    await using open = await conducting(db);
    const oid = await oidOf(db, 'revenues_1');
    const frozen = { oid, filenode: await filenodeOf(db, 'revenues_1'), changes: 1000 };
    const old = await db.client();
    await old.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1');
    // Until a commit is on disk nobody may note on the page that its rows are visible to all; in this server it is not waited for.
    await db.query('BEGIN; SET LOCAL synchronous_commit = on; UPDATE revenues_1 SET amount = 0; COMMIT');
    expect(await apply(open, steps.vacuum('revenues_1', { freeze: true, frozen }))).toMatchObject({ outcome: 'ok', error: null });
    expect((await readUpkeepMarks(open.session, journalSchema, never)).frozen.size).toBe(0);
    await old.query('COMMIT');
    // Sessions that only just connect, to whatever database, may still count as having an old snapshot for a moment.
    const remembered = async () => {
      expect(await apply(open, steps.vacuum('revenues_1', { freeze: true, frozen }))).toMatchObject({ outcome: 'ok', error: null });
      return (await readUpkeepMarks(open.session, journalSchema, never)).frozen.get(oid);
    };
    expect(await waitFor('the mark', remembered, (mark) => mark !== undefined)).toEqual(frozen);
  });

  it('remembers a partition as frozen although a few of its pages are not', async () => {
    await using db = await createDatabase();
    const steps = await createRevenues(db, 1, 40_000);
    await using open = await conducting(db);
    const oid = await oidOf(db, 'revenues_1');
    const frozen = { oid, filenode: await filenodeOf(db, 'revenues_1'), changes: 40_000 };
    // A session that only just connects, to whatever database, may count as having an old snapshot for a moment.
    const hiddenPages = async (): Promise<number> => {
      await db.query('VACUUM revenues_1');
      const [pages] = await db.query<{ hidden: number }>(
        "SELECT relpages - relallvisible AS hidden FROM pg_class WHERE relname = 'revenues_1'",
      );
      return pages?.hidden ?? -1;
    };
    await waitFor('all pages to be visible to all', hiddenPages, (hidden) => hidden === 0);
    const old = await db.client();
    await old.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1');
    await db.query('BEGIN; SET LOCAL synchronous_commit = on; UPDATE revenues_1 SET amount = 0 WHERE id = 1; COMMIT');
    expect(await apply(open, steps.vacuum('revenues_1', { freeze: true, frozen }))).toMatchObject({ outcome: 'ok', error: null });
    const [pages] = await db.query<{ hidden: number }>(
      "SELECT relpages - relallvisible AS hidden FROM pg_class WHERE relname = 'revenues_1'",
    );
    expect(pages?.hidden).toBeGreaterThan(0);
    expect((await readUpkeepMarks(open.session, journalSchema, never)).frozen.get(oid)).toEqual(frozen);
  });

  it('is not begun by one that no longer leads', async () => {
    await using db = await createDatabase();
    const steps = await createRevenues(db, 1);
    await using open = await conducting(db);
    const worker = new UpkeepWorker(open.session);
    const context = open.context({ epochGuard: `SELECT ${journalSchema}.require_epoch(7)` });
    const report = await applyUpkeepStep(worker, steps.vacuum('revenues_1'), context, never);
    expect(report).toMatchObject({ outcome: 'failed', error: { code: 'PD301' } });
    expect(await operations(db)).toEqual([]);
    // The session has no transaction open and goes on.
    expect(await apply(open, steps.vacuum('revenues_1'))).toMatchObject({ outcome: 'ok' });
  });

  it("works at the cost of its policy, and the next one at the server's again", async () => {
    await using db = await createDatabase();
    const steps = await createRevenues(db, 1);
    await using open = await conducting(db);
    const worker = new UpkeepWorker(open.session);
    const settings = async () => {
      const seen: string[] = [];
      const stop = open.session.onNotice(({ message }) => seen.push(message));
      await open.session.execute(
        "DO $$ BEGIN RAISE WARNING '%', concat_ws(' ', current_setting('vacuum_cost_delay'), current_setting('vacuum_cost_limit'), current_setting('lock_timeout')); END $$",
        never,
      );
      stop();
      return seen;
    };
    const step = steps.vacuum('revenues_1');
    await applyUpkeepStep(worker, { ...step, limits: { ...step.limits, costDelayMs: 2, costLimit: 5000 } }, open.context(), never);
    expect(await settings()).toEqual(['2ms 5000 10s']);
    await applyUpkeepStep(worker, step, open.context(), never);
    expect(await settings()).toEqual(['0 200 10s']);
  });
});

describe('an ANALYZE of the partitioned table', () => {
  it('is done although a partition is locked', async () => {
    await using db = await createDatabase();
    const steps = await createRevenues(db, 2);
    await using open = await conducting(db);
    const holder = await db.client();
    await holder.query('BEGIN; LOCK TABLE revenues_1 IN SHARE UPDATE EXCLUSIVE MODE');
    expect(await apply(open, steps.analyze('revenues'))).toMatchObject({ outcome: 'ok', error: null });
    expect(await db.query("SELECT reltuples::int AS rows FROM pg_class WHERE relname = 'revenues'")).toEqual([{ rows: 2000 }]);
  });

  it('is skipped when the table itself is locked', async () => {
    await using db = await createDatabase();
    const steps = await createRevenues(db, 2);
    await using open = await conducting(db);
    const holder = await db.client();
    await holder.query('BEGIN; LOCK TABLE ONLY revenues IN SHARE UPDATE EXCLUSIVE MODE');
    expect(await apply(open, steps.analyze('revenues'))).toMatchObject({ outcome: 'skipped', yieldedTo: 'locked' });
  });
});

describe('an index of a partition', () => {
  it('is built, marked, attached, rebuilt and dropped', async () => {
    await using db = await createDatabase();
    const steps = await createRevenues(db, 1);
    await using open = await conducting(db);
    const marks = async () =>
      (await readUpkeepMarks(open.session, journalSchema, never)).indexes.map(
        ({ index, state, policyName }) => `${index.name} ${state} ${policyName}`,
      );
    expect(await apply(open, steps.createIndex('revenues', 'revenues_amount'))).toMatchObject({ outcome: 'ok', error: null });
    expect(await invalidIndexes(db)).toEqual(['revenues_amount']);
    expect(await apply(open, steps.createIndex('revenues_1', 'one'))).toMatchObject({ outcome: 'ok', error: null });
    expect(await apply(open, steps.attachIndex('revenues_1', 'one'))).toMatchObject({ outcome: 'ok', error: null });
    expect(await invalidIndexes(db)).toEqual([]);
    expect(await apply(open, await steps.reindex('revenues_1', 'one'))).toMatchObject({ outcome: 'ok', error: null });
    expect(await marks()).toEqual(['revenues_amount built revenues_amount', 'one built revenues_amount']);
    expect(await apply(open, await steps.dropIndex('revenues', 'revenues_amount', { concurrently: false }))).toMatchObject({
      outcome: 'ok',
    });
    expect(await db.query("SELECT FROM pg_class WHERE relkind IN ('i', 'I') AND relname IN ('one', 'revenues_amount')")).toEqual([]);
  });

  it('of somebody else is remembered with its size when it has been rebuilt, and goes without a lock on the partition', async () => {
    await using db = await createDatabase();
    const steps = await createRevenues(db, 1);
    await db.query('CREATE INDEX theirs ON revenues_1 (id)');
    await using open = await conducting(db);
    expect(await apply(open, await steps.reindex('revenues_1', 'theirs'))).toMatchObject({ outcome: 'ok', error: null });
    const [size] = await db.query<{ bytes: number }>("SELECT pg_relation_size('theirs')::int AS bytes");
    expect((await readUpkeepMarks(open.session, journalSchema, never)).indexes).toMatchObject([
      { index: { name: 'theirs' }, policyName: null, state: 'built', rebuilt: { bytes: size?.bytes, rows: 1000 } },
    ]);
    expect(await apply(open, await steps.dropIndex('revenues_1', 'theirs'))).toMatchObject({ outcome: 'ok', error: null });
  });

  it('is left alone while somebody holds a lock that the build would wait for', async () => {
    await using db = await createDatabase();
    const steps = await createRevenues(db, 1);
    await db.query('CREATE INDEX theirs ON revenues_1 (id)');
    await using open = await conducting(db);
    const [reindex, drop] = [await steps.reindex('revenues_1', 'theirs'), await steps.dropIndex('revenues_1', 'theirs')];
    const holder = await db.client();
    await holder.query('BEGIN; LOCK TABLE revenues_1 IN SHARE MODE');
    for (const step of [steps.createIndex('revenues_1', 'one'), reindex, drop]) {
      expect(await apply(open, step)).toMatchObject({ outcome: 'skipped', yieldedTo: 'locked', error: null });
    }
    expect(await operations(db)).toEqual([]);
  });

  it('is gone for a step that knows another of its name', async () => {
    await using db = await createDatabase();
    const steps = await createRevenues(db, 1);
    await db.query('CREATE INDEX theirs ON revenues_1 (id)');
    await using open = await conducting(db);
    const [reindex, drop] = [await steps.reindex('revenues_1', 'theirs'), await steps.dropIndex('revenues_1', 'theirs')];
    await db.query('DROP INDEX theirs; CREATE INDEX theirs ON revenues_1 (amount)');
    for (const step of [reindex, drop, steps.attachIndex('revenues_1', 'nobody')]) {
      expect(await apply(open, step)).toMatchObject({ outcome: 'skipped', yieldedTo: 'gone', error: null });
    }
  });

  it('that the rows do not allow is removed again, and the error says why', async () => {
    await using db = await createDatabase();
    const steps = await createRevenues(db, 1);
    await db.query('INSERT INTO revenues_1 SELECT * FROM revenues_1 LIMIT 1');
    await using open = await conducting(db);
    const unique = { ...amountIndex, isUnique: true };
    const report = await apply(open, steps.createIndex('revenues_1', 'one', { definition: unique }));
    expect(report).toMatchObject({ outcome: 'failed', error: { code: 'PD521' } });
    expect(report.error?.message).toContain('The index was removed again.');
    expect(await db.query("SELECT FROM pg_class WHERE relname = 'one'")).toEqual([]);
  });

  it.each([false, true])('whose name somebody else takes at the same time is left to him (unique: %s)', async (isUnique) => {
    await using db = await createDatabase();
    const steps = await createRevenues(db, 1);
    await db.query('CREATE TABLE other (id int)');
    await using open = await conducting(db);
    const other = await db.client();
    await other.query('BEGIN; CREATE INDEX one ON other (id)');
    const done = apply(open, steps.createIndex('revenues_1', 'one', { definition: { ...amountIndex, isUnique } }));
    await waitForLockWaiter(db, ({ query }) => query.includes('CREATE UNIQUE INDEX') || query.includes('CREATE INDEX'));
    await other.query('COMMIT');
    // A unique violation as well, but of the catalog's names.
    expect(await done).toMatchObject({ outcome: 'failed', error: { code: 'PD501', sqlstate: '23505' } });
    expect(await db.query("SELECT indrelid::regclass::text AS relation FROM pg_index WHERE indexrelid = 'one'::regclass")).toEqual([
      { relation: 'other' },
    ]);
  });

  it('whose build fails, and whose session is lost before anybody could look why, is told with both', async () => {
    await using db = await createDatabase();
    const steps = await createRevenues(db, 1);
    await using open = await conducting(db);
    const dying = delegate(open.session, {
      execute: async (sql, signal) => {
        await open.session.execute(sql, signal).catch(async (error: unknown) => {
          await db.query('SELECT pg_terminate_backend($1)', [open.session.pid]);
          throw error;
        });
      },
    });
    const definition = { ...amountIndex, keys: [{ kind: 'column' as const, column: 'nonesuch', options: '' }] };
    const step = steps.createIndex('revenues_1', 'one', { definition });
    const { error } = await applyUpkeepStep(new UpkeepWorker(dying), step, open.context(), never);
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error?.message).toContain('nonesuch');
  });

  it('that cannot be rebuilt, as its keys are not unique, has nothing beside it and is marked', async () => {
    await using db = await createDatabase();
    const steps = await createRevenues(db, 1);
    await db.query('INSERT INTO revenues_1 SELECT * FROM revenues_1 LIMIT 1');
    await expect(db.query('CREATE UNIQUE INDEX CONCURRENTLY one ON revenues_1 (id)')).rejects.toMatchObject({ code: '23505' });
    await using open = await conducting(db);
    const report = await apply(open, await steps.reindex('revenues_1', 'one'));
    expect(report).toMatchObject({ outcome: 'failed', error: { code: 'PD521' } });
    expect(report.error?.message).toContain('DROP INDEX CONCURRENTLY public.one');
    expect(await invalidIndexes(db)).toEqual(['one']);
    expect((await readUpkeepMarks(open.session, journalSchema, never)).indexes).toMatchObject([{ state: 'failed' }]);
  });

  it('whose build is cancelled is removed again, and the mark with it', async () => {
    await using db = await createDatabase();
    const steps = await createRevenues(db, 1);
    await using open = await conducting(db);
    const writer = await db.client();
    await writer.query('BEGIN; INSERT INTO revenues_1 SELECT * FROM revenues_1 LIMIT 1');
    const cancel = new AbortController();
    const done = apply(open, steps.createIndex('revenues_1', 'one'), never, cancel.signal);
    await waitForLockWaiter(db, ({ query }) => query.includes('CREATE INDEX CONCURRENTLY'));
    cancel.abort(new Yielded('window'));
    await waitForLockWaiter(db, ({ query }) => query.includes('DROP INDEX CONCURRENTLY'));
    await writer.query('COMMIT');
    expect(await done).toMatchObject({ outcome: 'skipped', yieldedTo: 'window', error: null });
    expect(await invalidIndexes(db)).toEqual([]);
    expect((await readUpkeepMarks(open.session, journalSchema, never)).indexes).toEqual([]);
  });

  it('whose rebuild is cancelled has nothing beside it', async () => {
    await using db = await createDatabase();
    const steps = await createRevenues(db, 1);
    await db.query('CREATE INDEX theirs ON revenues_1 (id)');
    await using open = await conducting(db);
    const writer = await db.client();
    await writer.query('BEGIN; INSERT INTO revenues_1 SELECT * FROM revenues_1 LIMIT 1');
    const cancel = new AbortController();
    const done = apply(open, await steps.reindex('revenues_1', 'theirs'), never, cancel.signal);
    await waitForLockWaiter(db, ({ query }) => query.includes('REINDEX INDEX CONCURRENTLY'));
    expect(await invalidIndexes(db)).toEqual(['theirs_ccnew']);
    cancel.abort(new Yielded('window'));
    await waitForLockWaiter(db, ({ query }) => query.includes('DROP INDEX CONCURRENTLY'));
    await writer.query('COMMIT');
    expect(await done).toMatchObject({ outcome: 'skipped', yieldedTo: 'window', error: null });
    expect(await invalidIndexes(db)).toEqual([]);
  });

  it('whose build is cancelled, and that cannot be removed, is marked as ours, and the rebuild finishes it', async () => {
    await using db = await createDatabase();
    const steps = await createRevenues(db, 1);
    await using open = await conducting(db);
    const writer = await db.client();
    await writer.query('BEGIN; INSERT INTO revenues_1 SELECT * FROM revenues_1 LIMIT 1');
    const cancel = new AbortController();
    const done = apply(open, steps.createIndex('revenues_1', 'one'), never, cancel.signal);
    await waitForLockWaiter(db, ({ query }) => query.includes('CREATE INDEX CONCURRENTLY'));
    cancel.abort(new Yielded('window'));
    const { pid } = await waitForLockWaiter(db, ({ query }) => query.includes('DROP INDEX CONCURRENTLY'));
    await db.query('SELECT pg_cancel_backend($1)', [pid]);
    expect(await done).toMatchObject({ outcome: 'skipped', yieldedTo: 'window', error: null });
    await writer.query('COMMIT');
    expect(await invalidIndexes(db)).toEqual(['one']);
    expect((await readUpkeepMarks(open.session, journalSchema, never)).indexes).toMatchObject([
      { state: 'building', policyName: 'revenues_amount' },
    ]);
    expect(await apply(open, await steps.reindex('revenues_1', 'one', { task: 'index' }))).toMatchObject({ outcome: 'ok', error: null });
    expect(await invalidIndexes(db)).toEqual([]);
    expect((await readUpkeepMarks(open.session, journalSchema, never)).indexes).toMatchObject([
      { state: 'built', policyName: 'revenues_amount' },
    ]);
  });

  it('waits for a reader only under the ladder when it is attached', async () => {
    await using db = await createDatabase();
    const steps = await createRevenues(db, 1);
    await using open = await conducting(db);
    await apply(open, steps.createIndex('revenues', 'revenues_amount'));
    await apply(open, steps.createIndex('revenues_1', 'one'));
    const reader = await db.client();
    await reader.query('BEGIN; SELECT count(*) FROM revenues_1 WHERE amount = 1');
    const worker = new UpkeepWorker(open.session);
    const budget = { attemptMs: 50, totalMs: 300, pauseMs: 20 };
    const report = await applyUpkeepStep(worker, steps.attachIndex('revenues_1', 'one'), open.context({ budget }), never);
    expect(report).toMatchObject({ outcome: 'failed', error: { code: 'PD401' } });
    await reader.query('COMMIT');
    expect(await apply(open, steps.attachIndex('revenues_1', 'one'))).toMatchObject({ outcome: 'ok', error: null });
  });
});

describe('an index of the partitioned table', () => {
  it('is not dropped when that takes longer than one wait for a lock, which all partitions would be locked for', async () => {
    await using db = await createDatabase();
    const steps = await createRevenues(db, 1);
    await db.query(`
      CREATE INDEX revenues_amount ON revenues (amount);
      CREATE FUNCTION linger() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_catalog.pg_sleep(60); END';
      CREATE EVENT TRIGGER linger ON ddl_command_end WHEN TAG IN ('DROP INDEX') EXECUTE FUNCTION linger()`);
    await using open = await conducting(db);
    const context = open.context({ budget: { attemptMs: 50, totalMs: 300, pauseMs: 20 } });
    const step = await steps.dropIndex('revenues', 'revenues_amount', { concurrently: false });
    const { outcome, error, lockTimeouts } = await applyUpkeepStep(new UpkeepWorker(open.session), step, context, never);
    expect({ outcome, code: error?.code }).toEqual({ outcome: 'failed', code: 'PD401' });
    expect(lockTimeouts).toBeGreaterThan(0);
    expect(error?.message).toContain('drop it by hand');
    expect(await db.query("SELECT FROM pg_class WHERE relname = 'revenues_amount'")).toHaveLength(1);
  });

  it('is attached to under the timeouts of the session, also after a build that has none', async () => {
    await using db = await createDatabase();
    const steps = await createRevenues(db, 1);
    await using open = await conducting(db);
    const worker = new UpkeepWorker(open.session);
    const settings = namedSql('settings', "SELECT current_setting('statement_timeout') || current_setting('lock_timeout') AS it");
    const shown = async () => await open.session.rows(settings, [], row<{ it: string }>({ it: text }), never);
    const before = await shown();
    for (const step of [steps.createIndex('revenues', 'revenues_amount'), steps.createIndex('revenues_1', 'one')]) {
      expect(await applyUpkeepStep(worker, step, open.context(), never)).toMatchObject({ outcome: 'ok' });
    }
    expect(await shown()).not.toEqual(before);
    expect(await applyUpkeepStep(worker, steps.attachIndex('revenues_1', 'one'), open.context(), never)).toMatchObject({ outcome: 'ok' });
    expect(await shown()).toEqual(before);
  });
});

describe('an abort', () => {
  it('cancels the command, and the journal says that it was skipped', async () => {
    await using db = await createDatabase();
    const steps = await createRevenues(db, 1);
    await using open = await conducting(db);
    const writer = await db.client();
    await writer.query('BEGIN; INSERT INTO revenues_1 SELECT * FROM revenues_1 LIMIT 1');
    const abort = new AbortController();
    const done = apply(open, steps.createIndex('revenues_1', 'one'), abort.signal);
    await running(db, 'CREATE INDEX CONCURRENTLY');
    abort.abort(new Error('the test ends it'));
    expect(await done).toMatchObject({ outcome: 'skipped', error: null });
    expect(await operations(db)).toMatchObject([{ outcome: 'skipped', error: null }]);
  });
});
