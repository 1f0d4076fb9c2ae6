import { expect, test } from 'vitest';
import { LockTimeoutError, MigrationError } from '../../../src/errors.ts';
import { saveMigration } from '../../../src/migrate/save.ts';
import { switchOver } from '../../../src/migrate/switch/switch-over.ts';
import { verify } from '../../../src/migrate/verify/verify.ts';
import { parseInterval } from '../../../src/partition/interval.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import type { HandMadeEngine } from '../../support/migrate/hand-made.ts';
import { handMadePolicy } from '../../support/migrate/hand-made.ts';
import { compareLedger, createLedger, startLedgerWriters } from '../../support/migrate/ledger.ts';
import { ready } from '../../support/migrate/ready.ts';
import { noAbort } from '../../support/open-session.ts';
import { waitFor } from '../../support/wait-for.ts';
import { waitForLockWaiter } from '../../support/wait-for-lock.ts';

const policy = { interval: parseInterval('3 months'), premake: 1 };
const impatient = { ...handMadePolicy().switchover, deadlineMs: 700 };

const outcomes = ({ events }: HandMadeEngine): readonly string[] =>
  events.flatMap((event) => (event.kind === 'switch-attempted' ? [event.outcome] : []));

async function kindOf(database: TestDatabase): Promise<string> {
  const [row] = await database.query<{ kind: string }>(`SELECT relkind AS kind FROM pg_class WHERE oid = 'public.revenues'::regclass`);
  return row?.kind ?? '';
}

test('loses nothing and fails nobody while writers work through a switch, a rollback and a switch', async () => {
  await using database = await createDatabase();
  const unique = 'ALTER TABLE public.revenues ADD UNIQUE (id, occurred_at)';
  await using engine = await ready(database, { policy, source: `${revenues}; ${unique}` });
  await createLedger(database.url, 'public.revenues');
  const options = { table: 'public.revenues', writers: 3, from: '2024-10-01T00:00:00Z', days: 360, pauseMs: 2, budgetMs: 500, seed: 7 };
  await using writers = await startLedgerWriters(database.url, options);
  for (const kind of ['p', 'r', 'p']) {
    const before = writers.statements;
    await waitFor(
      'writers to have written',
      () => writers.statements,
      (seen) => seen > before + 40,
    );
    if (kind === 'p' && engine.record.lastSwitch !== null) await verify(engine, null, noAbort);
    await switchOver(engine, false, noAbort);
    expect(await kindOf(database)).toBe(kind);
  }
  await writers.stop();
  expect(writers.errors).toEqual([]);
  expect(await compareLedger(database.url, 'public.revenues')).toEqual([]);
  expect(engine.record).toMatchObject({ live: 'target', phase: 'switched', lastSwitch: { direction: 'forward' } });
  const locks = engine.events.flatMap((event) => (event.kind === 'switch-attempted' && event.outcome === 'ok' ? [event.lockMs] : []));
  expect(locks.filter((ms) => ms > 0 && ms < 1_000)).toHaveLength(3);
});

test('lets a transaction go on that has written the table and comes to the tables bound to it by foreign keys', async () => {
  await using database = await createDatabase();
  const bound = `
    CREATE TABLE public.orgs (id integer PRIMARY KEY);
    INSERT INTO public.orgs SELECT n FROM generate_series(0, 99) AS n;
    ${revenues};
    ALTER TABLE public.revenues ADD UNIQUE (id, occurred_at), ADD FOREIGN KEY (org_id) REFERENCES public.orgs;
    CREATE TABLE public.invoices (id bigint, at timestamptz, FOREIGN KEY (id, at) REFERENCES public.revenues (id, occurred_at) ON DELETE CASCADE)`;
  await using made = await ready(database, { policy, source: bound });
  // Longer than the server takes to find a deadlock.
  const safety = { ...made.surroundings.safety, lockTimeoutMs: 10_000 };
  const switchover = { ...made.policy.migration.switchover, maxLockMs: 60_000 };
  const engine = {
    ...made,
    policy: { ...made.policy, migration: { ...made.policy.migration, switchover } },
    surroundings: { ...made.surroundings, safety },
  };
  const writer = await database.client();
  await writer.query(`BEGIN; UPDATE public.revenues SET note = 'written' WHERE id = 1`);
  const switching = switchOver(engine, false, noAbort);
  await waitForLockWaiter(database, ({ mode }) => mode === 'AccessExclusiveLock');
  await writer.query(
    'DELETE FROM public.revenues WHERE id = 2; INSERT INTO public.revenues (id, org_id, occurred_at) VALUES (2, 7, now()); COMMIT',
  );
  expect(await switching).toMatchObject({ attempts: 1 });
});

test('backs off from a long reader without holding up others, and names it at the deadline', async () => {
  await using database = await createDatabase();
  await using engine = await ready(database, { policy, migration: { switchover: impatient } });
  const long = await database.client({ applicationName: 'report' });
  await long.query('BEGIN; SELECT FROM public.revenues LIMIT 1');
  const reader = await database.client();
  await reader.query('SET statement_timeout = 500');
  const over = new AbortController();
  const reading = (async (): Promise<number> => {
    let read = 0;
    for (; !over.signal.aborted; read += 1) await reader.query('SELECT FROM public.revenues LIMIT 1');
    return read;
  })();
  const failed = await switchOver(engine, false, noAbort).catch((error: unknown) => error);
  over.abort();
  expect(failed).toBeInstanceOf(LockTimeoutError);
  const reported: unknown = expect.objectContaining({ application: 'report', relation: 'public.revenues' });
  expect(failed).toMatchObject({ code: 'PD640', blockers: expect.arrayContaining([reported]) as unknown });
  expect(await reading).toBeGreaterThan(1);
  expect(outcomes(engine).every((outcome) => outcome === 'lock-timeout')).toBe(true);
  expect(await kindOf(database)).toBe('r');
  await long.query('COMMIT');
  const { attempts } = await switchOver(engine, false, noAbort);
  expect(attempts).toBe(1);
});

test('waits for snapshots from before the copy was ready, and under the lock for any that idle in a transaction', async () => {
  await using database = await createDatabase();
  await using engine = await ready(database, { policy, migration: { switchover: impatient } });
  const other = await database.client({ applicationName: 'repeatable' });
  await other.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1');
  await expect(switchOver(engine, false, noAbort)).rejects.toThrow(/idle in a transaction with a snapshot.*repeatable/);
  expect(await database.query(`SELECT 1 FROM pg_locks WHERE relation = 'public.revenues'::regclass`)).toEqual([]);
  await saveMigration(engine, { phase: 'ready' }, noAbort);
  await expect(switchOver(engine, false, noAbort)).rejects.toThrow(/older than the new table.*repeatable/);
  expect(new Set(outcomes(engine))).toEqual(new Set(['snapshot']));
  const careless = {
    ...engine,
    policy: { ...engine.policy, migration: handMadePolicy({ switchover: { ...impatient, oldSnapshots: 'ignore' } }) },
  };
  await switchOver(careless, false, noAbort);
  expect(await kindOf(database)).toBe('p');
  await other.query('COMMIT');
});

test('fails a writer whose snapshot is older than the switch as PostgreSQL fails one whose row has changed, in both directions', async () => {
  await using database = await createDatabase();
  await using engine = await ready(database, { policy, migration: { switchover: { ...impatient, oldSnapshots: 'ignore' } } });
  const other = await database.client();
  const raise = (id: number): Promise<unknown> => other.query(`UPDATE public.revenues SET amount = amount + 1 WHERE id = ${id}`);
  for (const [direction, id] of [
    ['forward', 7_001],
    ['back', 7_002],
  ] as const) {
    // There before the snapshot and not replayed: its only copy is younger than the snapshot that sees it.
    await database.query(
      `INSERT INTO public.revenues (id, org_id, occurred_at, amount, note) VALUES (${id}, 1, '2025-01-05Z', 1, '${direction}')`,
    );
    await other.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1');
    if (direction === 'back') await saveMigration(engine, { phase: 'switched' }, noAbort);
    await switchOver(engine, false, noAbort);
    await expect(raise(id)).rejects.toMatchObject({ code: '40001' });
    await other.query('ROLLBACK');
    await other.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    expect(await raise(id)).toMatchObject({ rowCount: 1 });
    await other.query('COMMIT');
  }
  expect(await database.query(`SELECT amount::int FROM public.revenues WHERE id > 7000`)).toEqual([{ amount: 2 }, { amount: 2 }]);
});

test('does not try a switch without a fresh verdict, after a change of the table, or with a foreign key that nobody planned', async () => {
  await using database = await createDatabase();
  await using engine = await ready(database, { policy });
  await database.query('CREATE TABLE public.late (id bigint REFERENCES public.revenues)');
  await expect(switchOver(engine, false, noAbort)).rejects.toThrow(/knows nothing of foreign key late_id_fkey of public.late/);
  await database.query('DROP TABLE public.late');
  const { verdict } = engine.record;
  if (verdict === null) throw new Error('no verdict');
  await saveMigration(engine, { fingerprint: 'what it was' }, noAbort);
  await expect(switchOver(engine, false, noAbort)).rejects.toMatchObject({ code: 'PD643' });
  await saveMigration(engine, { verdict: { ...verdict, mismatches: 1 } }, noAbort);
  await expect(switchOver(engine, false, noAbort)).rejects.toThrow(MigrationError);
  await saveMigration(engine, { verdict, phase: 'verify' }, noAbort);
  await expect(switchOver(engine, false, noAbort)).rejects.toMatchObject({ code: 'PD641' });
  expect(await kindOf(database)).toBe('r');
});

const revenues = `
CREATE TABLE public.revenues (id bigint PRIMARY KEY, org_id integer NOT NULL, occurred_at timestamptz NOT NULL, amount numeric(12,2), note text);
INSERT INTO public.revenues
SELECT n, n % 100, '2024-10-01 00:00+00'::timestamptz + n * interval '9 hours', n * 1.5, 'row ' || n FROM generate_series(1, 500) AS n`;
