import { describe, expect, it } from 'vitest';
import { applyPlan } from '../../src/apply/apply-plan.ts';
import { LockTimeoutError } from '../../src/errors.ts';
import { installJournal } from '../../src/journal/install.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import {
  createDefault,
  createPartition,
  detachPartition,
  dropTable,
  journalSchema,
  named,
  oidOf,
  type StepSession,
  stepSession,
} from '../support/steps.ts';
import { waitFor } from '../support/wait-for.ts';

const never = new AbortController().signal;
const q1 = { partition: named('revenues_2025_q1'), from: '2025-01-01 00:00:00+00', to: '2025-04-01 00:00:00+00' };

/** `revenues` by quarter with its first one, a default partition where asked for, and the journal. */
async function revenuesTable(db: TestDatabase, open: StepSession, options: { readonly hasDefault?: boolean } = {}): Promise<void> {
  await db.query(`
    CREATE TABLE revenues (amount int, at timestamptz) PARTITION BY RANGE (at);
    CREATE TABLE revenues_2025_q1 PARTITION OF revenues FOR VALUES FROM ('2025-01-01 00:00:00+00') TO ('2025-04-01 00:00:00+00')`);
  if (options.hasDefault === true) await db.query('CREATE TABLE revenues_default PARTITION OF revenues DEFAULT');
  await installJournal(open.session, journalSchema, never);
}

async function oids(db: TestDatabase): Promise<{ tableOid: string; partitionOid: string }> {
  return { tableOid: await oidOf(db, 'revenues'), partitionOid: await oidOf(db, 'revenues_2025_q1') };
}

async function operations(db: TestDatabase): Promise<readonly unknown[]> {
  return await db.query(`SELECT kind, outcome FROM ${journalSchema}.operation ORDER BY started_at`);
}

describe('an abort', () => {
  it('while the catalog confirms a committed step changes nothing about it', async () => {
    await using db = await createDatabase();
    await using open = await stepSession(db);
    await revenuesTable(db, open, { hasDefault: true });
    const ids = await oids(db);
    await db.query('ALTER TABLE revenues DETACH PARTITION revenues_2025_q1');
    const controller = new AbortController();
    const stop = new Error('stop');
    const context = open.context({
      readPartitionState: async () => {
        controller.abort(stop);
        return await Promise.reject(stop);
      },
    });
    const reports = await applyPlan(open.session, [dropTable({ ...q1, ...ids }), createPartition(ids)], context, controller.signal);
    expect(reports).toMatchObject([
      { outcome: 'ok', error: null },
      { outcome: 'skipped', error: null },
    ]);
    expect(await operations(db)).toEqual([{ kind: 'drop-table', outcome: 'ok' }]);
  });
});

describe('a table that somebody blocks', () => {
  it('costs one lock budget, whatever the number of its steps', async () => {
    await using db = await createDatabase();
    await using open = await stepSession(db);
    await revenuesTable(db, open);
    await db.query(`CREATE TABLE revenues_2024 PARTITION OF revenues FOR VALUES FROM ('2024-01-01') TO ('2025-01-01 00:00:00+00')`);
    const ids = await oids(db);
    const reader = await db.client({ applicationName: 'long report' });
    await reader.query('BEGIN; SELECT * FROM revenues');
    const context = open.context({ budget: { attemptMs: 40, totalMs: 1_500, pauseMs: 10 } });
    const older = { partition: named('revenues_2024'), partitionOid: await oidOf(db, 'revenues_2024') };
    const steps = [
      detachPartition({ ...ids, ...older, concurrently: false }),
      detachPartition({ ...q1, ...ids, concurrently: false }),
      createDefault(ids),
    ];
    const reports = await applyPlan(open.session, steps, context, never);
    expect(reports.map(({ outcome }) => outcome)).toEqual(['failed', 'failed', 'ok']);
    expect(reports[0]?.lockTimeouts).toBeGreaterThan(1);
    expect(reports[1]?.lockTimeouts).toBe(1);
    expect(reports[1]?.error).toBeInstanceOf(LockTimeoutError);
    expect(reports[1]?.error?.message).toMatch(/in one attempt, as the lock budget was spent before: pid \d+ \(long report/);
  });
});

describe('the journal', () => {
  it('has the entry of a step whose first attempts could not write it', async () => {
    await using db = await createDatabase();
    await using open = await stepSession(db);
    await revenuesTable(db, open);
    const holder = await db.client();
    await holder.query(`BEGIN; LOCK TABLE ${journalSchema}.operation IN EXCLUSIVE MODE`);
    // The entry is written under the session's own lock timeout.
    await open.session.execute(`SET lock_timeout = '50ms'`, never);
    const done = applyPlan(open.session, [createPartition(await oids(db))], open.context(), never);
    await waitFor(
      'a failed attempt',
      () => open.events.filter(({ kind }) => kind === 'lock-timeout').length,
      (count) => count >= 1,
    );
    await holder.query('COMMIT');
    expect(await done).toMatchObject([{ outcome: 'ok', error: null }]);
    expect(await operations(db)).toEqual([{ kind: 'create-partition', outcome: 'ok' }]);
  });

  it('is a condition of the step: what cannot be written down is not done', async () => {
    await using db = await createDatabase();
    await using open = await stepSession(db);
    await revenuesTable(db, open);
    await db.query(`ALTER TABLE ${journalSchema}.operation ADD CONSTRAINT never_again CHECK (kind <> 'create-partition')`);
    const [report] = await applyPlan(open.session, [createPartition(await oids(db))], open.context(), never);
    expect(report).toMatchObject({ outcome: 'failed', error: { sqlstate: '23514' } });
    expect(report?.error?.message).toContain('create-partition public.revenues_2025_q2: INSERT INTO ');
    expect(await db.query(`SELECT to_regclass('revenues_2025_q2') AS made`)).toEqual([{ made: null }]);
  });
});
