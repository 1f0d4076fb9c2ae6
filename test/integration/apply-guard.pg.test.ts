import { describe, expect, it } from 'vitest';
import { applyPlan } from '../../src/apply/apply-plan.ts';
import { LockTimeoutError } from '../../src/errors.ts';
import { installJournal } from '../../src/journal/install.ts';
import type { CreatePartition } from '../../src/plan/step.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import {
  createPartition,
  detachPartition,
  dropGuard,
  finalizeDetach,
  journalSchema,
  named,
  oidOf,
  type StepSession,
  stepSession,
} from '../support/steps.ts';
import { waitFor } from '../support/wait-for.ts';

const never = new AbortController().signal;
const guard = { defaultPartition: named('revenues_default'), constraint: 'partitiond_guard_1' };
const insert = `INSERT INTO revenues VALUES (7, '2025-05-01')`;

/** `revenues` with a default partition and nothing else, the journal, and the step that makes its first partition. */
async function guardedStep(db: TestDatabase, open: StepSession): Promise<CreatePartition> {
  await db.query(`
    CREATE TABLE revenues (amount int, at timestamptz) PARTITION BY RANGE (at);
    CREATE TABLE revenues_default PARTITION OF revenues DEFAULT`);
  await installJournal(open.session, journalSchema, never);
  return createPartition({ tableOid: await oidOf(db, 'revenues'), guard });
}

async function guards(db: TestDatabase): Promise<readonly unknown[]> {
  return await db.query(`SELECT conname FROM pg_constraint WHERE conname LIKE 'partitiond%'`);
}

/** Runs `then` once the step has its guard and waits for the lock that ATTACH needs. */
async function onceGuarded(db: TestDatabase, open: StepSession): Promise<void> {
  await waitFor(
    'the guard and a failed attempt behind it',
    async () => ({ standing: (await guards(db)).length, failed: open.events.filter(({ kind }) => kind === 'lock-timeout').length }),
    ({ standing, failed }) => standing > 0 && failed > 0,
  );
}

describe('the guard of a default partition', () => {
  it('does not stand for as long as ATTACH may wait: it is dropped, rows come in, and it all begins again', async () => {
    await using db = await createDatabase();
    await using open = await stepSession(db);
    const step = await guardedStep(db, open);
    const holder = await db.client();
    await holder.query('BEGIN; LOCK TABLE ONLY revenues IN SHARE UPDATE EXCLUSIVE MODE');
    const context = open.context({ budget: { attemptMs: 10, totalMs: 30_000, pauseMs: 10 } });
    const done = applyPlan(open.session, [step], context, never);
    await onceGuarded(db, open);
    // The guard refuses at most for a while; a writer that tries again comes through long before the step is over.
    await waitFor(
      'the row to come in',
      () =>
        db.query(insert).then(
          () => true,
          () => false,
        ),
      (isIn) => isIn,
    );
    await db.query('DELETE FROM revenues');
    await holder.query('COMMIT');
    expect(await done).toMatchObject([{ outcome: 'ok', error: null }]);
    expect(await guards(db)).toEqual([]);
  });

  it('is gone when the lock budget ends while ATTACH waits', async () => {
    await using db = await createDatabase();
    await using open = await stepSession(db);
    const step = await guardedStep(db, open);
    const holder = await db.client({ applicationName: 'somebody' });
    await holder.query('BEGIN; LOCK TABLE ONLY revenues IN SHARE UPDATE EXCLUSIVE MODE');
    const context = open.context({ budget: { attemptMs: 10, totalMs: 300, pauseMs: 10 } });
    const [report] = await applyPlan(open.session, [step], context, never);
    expect(report?.error).toBeInstanceOf(LockTimeoutError);
    expect(report?.error?.message).toMatch(/somebody.*A guard on the default partition refuses rows, so it waits a few seconds only/);
    expect(await guards(db)).toEqual([]);
    await db.query(insert);
  });

  it('is named, with what it does and the way out, when it cannot be dropped', async () => {
    await using db = await createDatabase();
    await using open = await stepSession(db);
    const step = await guardedStep(db, open);
    const [holder, reader] = [await db.client(), await db.client({ applicationName: 'long report' })];
    await holder.query('BEGIN; LOCK TABLE ONLY revenues IN SHARE UPDATE EXCLUSIVE MODE');
    const context = open.context({ budget: { attemptMs: 5, totalMs: 300, pauseMs: 5 } });
    const done = applyPlan(open.session, [step], context, never);
    await onceGuarded(db, open);
    await reader.query('BEGIN; SELECT * FROM revenues_default');
    const [report] = await done;
    expect(report).toMatchObject({ outcome: 'failed', error: { code: 'PD401', context: { leftConstraint: guard.constraint } } });
    const message = report?.error?.message ?? '';
    expect(message).toContain('long report');
    expect(message).toContain(
      'It left the constraint partitiond_guard_1 on public.revenues_default, which refuses rows from 2025-04-01 00:00:00+00 up to 2025-07-01 00:00:00+00',
    );
    expect(message).toContain('ALTER TABLE public.revenues_default DROP CONSTRAINT partitiond_guard_1;');
    expect(await db.query(`SELECT outcome, error FROM ${journalSchema}.operation`)).toEqual([{ outcome: 'failed', error: message }]);
    await expect(db.query(insert)).rejects.toMatchObject({ code: '23514' });
    // As long as it is blocked, the step that drops it says the same; afterwards it does so.
    const [blocked] = await applyPlan(open.session, [dropGuard()], context, never);
    expect(blocked?.error?.message).toContain('partitiond_guard_1 stays on public.revenues_default and refuses rows of its range');
    await reader.query('COMMIT');
    await applyPlan(open.session, [dropGuard()], context, never);
    expect(await guards(db)).toEqual([]);
  });

  it('makes a failure of an abort that leaves it behind, and is dropped by one that does not', async () => {
    for (const isBlocked of [true, false]) {
      await using db = await createDatabase();
      await using open = await stepSession(db);
      const step = await guardedStep(db, open);
      const [holder, reader] = [await db.client(), await db.client()];
      await holder.query('BEGIN; LOCK TABLE ONLY revenues IN SHARE UPDATE EXCLUSIVE MODE');
      const controller = new AbortController();
      const context = open.context({ budget: { attemptMs: 100, totalMs: 60_000, pauseMs: 10 } });
      const done = applyPlan(open.session, [step], context, controller.signal);
      await onceGuarded(db, open);
      if (isBlocked) await reader.query('BEGIN; SELECT * FROM revenues_default');
      controller.abort(new Error('stop'));
      const [report] = await done;
      expect(report?.outcome).toBe(isBlocked ? 'failed' : 'skipped');
      expect(report?.error?.message ?? '').toMatch(isBlocked ? /It left the constraint partitiond_guard_1/ : /^$/);
      expect(await guards(db)).toHaveLength(isBlocked ? 1 : 0);
    }
  });
});

describe('what a lock timeout says it leaves', () => {
  it('is the pending detach, and the same when it cannot be finalized', async () => {
    await using db = await createDatabase();
    await using open = await stepSession(db);
    await db.query(`
      CREATE TABLE revenues (amount int, at timestamptz) PARTITION BY RANGE (at);
      CREATE TABLE revenues_2025_q2 PARTITION OF revenues FOR VALUES FROM ('2025-04-01 00:00:00+00') TO ('2025-07-01 00:00:00+00')`);
    await installJournal(open.session, journalSchema, never);
    const ids = { tableOid: await oidOf(db, 'revenues'), partitionOid: await oidOf(db, 'revenues_2025_q2') };
    const reader = await db.client();
    await reader.query('BEGIN; SELECT * FROM revenues');
    const context = open.context({ budget: { attemptMs: 40, totalMs: 200, pauseMs: 10 } });
    const [detached] = await applyPlan(open.session, [detachPartition(ids)], context, never);
    const [finalized] = await applyPlan(open.session, [finalizeDetach(ids)], context, never);
    for (const report of [detached, finalized]) {
      expect(report?.error?.message).toContain(
        'The detach of public.revenues_2025_q2 stays pending: its rows are not seen through public.revenues',
      );
      expect(report?.error?.message).not.toContain('Nothing is left');
    }
    await reader.query('COMMIT; BEGIN; LOCK TABLE revenues IN SHARE UPDATE EXCLUSIVE MODE');
    const [drop] = await applyPlan(
      open.session,
      [createPartition({ ...ids, partition: named('later'), from: '2026-01-01', to: null })],
      context,
      never,
    );
    expect(drop?.error?.message).toContain('Nothing is left half done; the next run tries again.');
  });
});
