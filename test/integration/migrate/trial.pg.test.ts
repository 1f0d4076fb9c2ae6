import { describe, expect, it } from 'vitest';
import { renderTrialSchemas } from '../../../src/ddl/migration/copy/sample.ts';
import { readMigrationPlan } from '../../../src/migrate/run/begin-migration.ts';
import { runTrial, type TrialRequest } from '../../../src/migrate/trial/run-trial.ts';
import { removeTrials, trialKey } from '../../../src/migrate/trial/trial-schemas.ts';
import { systemClock } from '../../../src/postgres/clock.ts';
import { connectSession } from '../../../src/postgres/session.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { handMadePolicy } from '../../support/migrate/hand-made.ts';
import { policyOf } from '../../support/model.ts';
import { noAbort, openSession } from '../../support/open-session.ts';

/** Its name is one of the journal's tables, its old rows break a check that was never validated. */
const source = `
CREATE TABLE public.migration (
  id bigserial PRIMARY KEY,
  number integer GENERATED ALWAYS AS IDENTITY,
  occurred_at timestamptz NOT NULL,
  amount numeric(12,2) CHECK (amount >= 0),
  doubled numeric GENERATED ALWAYS AS (amount * 2) STORED,
  "No""te" text
);
CREATE INDEX ON public.migration (lower("No""te")) WHERE amount > 10;
CREATE UNIQUE INDEX ON public.migration (id, occurred_at);
CREATE STATISTICS public.migration_both ON id, occurred_at FROM public.migration;
INSERT INTO public.migration (occurred_at, amount, "No""te")
  SELECT '2024-10-01 00:00+00'::timestamptz + n * interval '1 hour', n, 'row ' || n FROM generate_series(1, 4000) AS n;
ALTER TABLE public.migration ADD CONSTRAINT migration_late CHECK (amount > 3000) NOT VALID;
CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''touched''; END';
CREATE TRIGGER refuse BEFORE INSERT OR UPDATE OR DELETE ON public.migration FOR EACH ROW EXECUTE FUNCTION public.refuse();
ANALYZE public.migration`;

async function requestFor(database: TestDatabase, rows: number, changes: Partial<TrialRequest> = {}): Promise<TrialRequest> {
  await using session = await openSession(database);
  const table = { schema: 'public', name: 'migration' };
  const migration = handMadePolicy({ waive: ['unique-without-key'], window: [{ days: [1], fromMinute: 0, toMinute: 0 }] });
  const policy = { ...policyOf({ table, name: '{table}_{yyyy}_q{q}' }), migration };
  const now = BigInt(Date.UTC(2025, 2, 1)) * 1000n;
  return {
    database: 'app',
    policy,
    planned: await readMigrationPlan(session, policy, now, noAbort),
    rows,
    now,
    safety: { lockTimeoutMs: 100, lockBudgetMs: 5_000, statementTimeoutMs: 30_000, maxRemovals: 10, maxClockSkewMs: 300_000 },
    clock: systemClock,
    who: 'test',
    observe: () => undefined,
    connect: (applicationName, signal) =>
      connectSession({ kind: 'url', url: database.url }, { applicationName, statementTimeoutMs: 0, lockTimeoutMs: 100 }, signal),
    ...changes,
  };
}

/** All that a trial could leave, or change. */
async function traces(database: TestDatabase): Promise<unknown> {
  return await database.query(`
    SELECT n.nspname::text AS what FROM pg_namespace AS n WHERE n.nspname ~ 'partitiond' AND n.nspname <> 'partitiond_trial_of_mine'
    UNION ALL SELECT c.relname || ' ' || c.relkind::text FROM pg_class AS c WHERE c.relnamespace = 'public'::regnamespace
    UNION ALL SELECT 'last ' || last_value FROM public.migration_id_seq
    UNION ALL SELECT 'number ' || last_value FROM public.migration_number_seq
    ORDER BY 1`);
}

describe('a trial of a migration', () => {
  it('migrates some rows beside writers under a lock that lets all but DDL pass, measures, and leaves no trace', async () => {
    await using database = await createDatabase();
    await database.query(source);
    const before = await traces(database);
    const request = await requestFor(database, 1_000);
    expect(request.planned.plan.refusals).toEqual([]);
    const writer = await database.client();
    // It conflicts with everything but ACCESS SHARE, until the trial is over.
    await writer.query('BEGIN; LOCK TABLE public.migration IN EXCLUSIVE MODE');
    const steps: string[] = [];
    const measured = await runTrial(
      { ...request, observe: (event) => (event.kind === 'migration-step' ? steps.push(event.step) : undefined) },
      noAbort,
    );
    await writer.query('COMMIT');
    expect(measured.rows).toBeGreaterThan(100);
    expect(measured.rows).toBeLessThanOrEqual(1_000);
    expect(measured.partitions).toBeGreaterThanOrEqual(2);
    for (const number of [measured.copyMs, measured.indexMs, measured.verifyMs, measured.bytes]) expect(number).toBeGreaterThan(0);
    expect(steps.some((step) => /create target partitiond_trial_\d+\.migration_partitioned/.test(step))).toBe(true);
    expect(steps.filter((step) => step.startsWith('create index')).length).toBeGreaterThan(0);
    expect(await traces(database)).toEqual(before);
  });

  it('drops what it has made when it is interrupted, and what fails in it', async () => {
    await using database = await createDatabase();
    await database.query(source);
    const before = await traces(database);
    const interrupting = new AbortController();
    const request = await requestFor(database, 4_000, {
      observe: (event) => {
        if (event.kind === 'batch-copied') interrupting.abort(new Error('interrupted'));
      },
    });
    await expect(runTrial(request, interrupting.signal)).rejects.toThrow('interrupted');
    expect(await traces(database)).toEqual(before);

    await database.query(`ALTER TABLE public.migration DISABLE TRIGGER ALL;
      INSERT INTO public.migration (occurred_at, amount) VALUES ('9999-01-01 00:00+00', 9999); ANALYZE public.migration`);
    const changed = await traces(database);
    // The plan was made before that row came.
    await expect(runTrial({ ...request, rows: 5_000, observe: () => undefined }, noAbort)).rejects.toMatchObject({ code: 'PD622' });
    expect(await traces(database)).toEqual(changed);
  });

  it('is one at a time, leaves others of a table at work alone, and drops what killed ones have left', async () => {
    await using database = await createDatabase();
    await database.query(source);
    const [row] = await database.query<{ oid: string }>(`SELECT 'public.migration'::regclass::oid::text AS oid`);
    const own = `partitiond_trial_${row?.oid}`;
    const other = await database.client();
    await other.query(renderTrialSchemas([own, `${own}_journal`, 'partitiond_trial_1']).join(';'));
    await other.query(`CREATE SCHEMA partitiond_trial_of_mine; CREATE TABLE ${own}.p (a int) PARTITION BY RANGE (a);
      CREATE TABLE ${own}.p1 PARTITION OF ${own}.p DEFAULT; CREATE TABLE ${own}.migration (a int DEFAULT nextval('public.migration_id_seq'))`);
    await other.query(`SELECT pg_advisory_lock(${trialKey(own)}), pg_advisory_lock(${trialKey('partitiond_trial_1')})`);
    let elapsedMs = 0;
    const impatient = { ...systemClock, monotonicMs: () => (elapsedMs += 2_000), sleep: () => Promise.resolve() };
    const request = await requestFor(database, 500, { clock: impatient });
    await expect(runTrial(request, noAbort)).rejects.toMatchObject({ name: 'NotLeaderError', code: 'PD308' });
    await using session = await openSession(database);
    await removeTrials(session, systemClock, noAbort);
    expect(await traces(database)).toContainEqual({ what: `${own}_journal` });

    await other.query(`SELECT pg_advisory_unlock(${trialKey(own)})`);
    expect(await runTrial({ ...request, clock: systemClock }, noAbort)).toMatchObject({ rows: expect.any(Number) });
    const left = await database.query(`SELECT nspname FROM pg_namespace WHERE nspname ~ 'partitiond' ORDER BY 1`);
    expect(left).toEqual([{ nspname: 'partitiond_trial_1' }, { nspname: 'partitiond_trial_of_mine' }]);
    expect(await database.query('SELECT count(*)::int AS n FROM public.migration')).toEqual([{ n: 4_000 }]);
  });
});
