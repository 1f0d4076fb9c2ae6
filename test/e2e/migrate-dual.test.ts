import { expect, it } from 'vitest';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { compareLedger, createLedger, type LedgerWriters, startLedgerWriters } from '../support/migrate/ledger.ts';
import { waitFor } from '../support/wait-for.ts';
import { ok } from './support/succeed.ts';
import { configurationText, Workspace } from './support/workspace.ts';

const table = 'public.revenues';

async function makeTable(database: TestDatabase): Promise<void> {
  await database.query(`
    CREATE TABLE public.revenues (
      id bigint PRIMARY KEY, org_id integer NOT NULL, occurred_at timestamptz NOT NULL, amount numeric(12,2), note text,
      UNIQUE (id, occurred_at)
    );
    INSERT INTO public.revenues
      SELECT n, n % 100, '2024-10-01 00:00+00'::timestamptz + n * interval '25 minutes', n, 'row ' || n FROM generate_series(1, 5000) AS n;
    ANALYZE public.revenues`);
}

function configuration(url: string, waive: string): string {
  const migration = `{ partitionKey: occurred_at, strategy: copy, capture: dual, copy: { pace: 0, workers: 2 }, waive: [${waive}] }`;
  return configurationText(url, { [table]: `interval: 1 month, migration: ${migration}` });
}

/** Every second writer at REPEATABLE READ; each changes rows of its own alone. */
async function writers(database: TestDatabase, seed: number): Promise<LedgerWriters> {
  return await startLedgerWriters(database.url, {
    table,
    writers: 4,
    from: '2024-10-01T00:00:00Z',
    days: 90,
    pauseMs: 2,
    budgetMs: 5_000,
    seed,
    isolation: 'repeatable read',
  });
}

async function statements(load: LedgerWriters, more: number): Promise<void> {
  const wanted = load.statements + more;
  await waitFor(
    `${more} more statements`,
    () => Promise.resolve(load.statements),
    (n) => n >= wanted,
    { timeoutMs: 60_000 },
  );
}

it('writes both tables at once: readers of the follower see their own writes, and writers of both isolations meet no error that they had not without', async () => {
  await using database = await createDatabase();
  using workspace = new Workspace();
  await makeTable(database);
  await createLedger(database.url, table);
  const migrate = (action: string, ...rest: readonly string[]) => workspace.run(['migrate', action, '--table', table, ...rest]);
  workspace.configure(configuration(database.url, 'unique-without-key'));
  const refused = await migrate('plan');
  expect(refused).toMatchObject({ exitCode: 4, stdout: expect.stringContaining('dual-errors') });
  workspace.configure(configuration(database.url, 'unique-without-key, dual-errors'));

  await using load = await writers(database, 1);
  // Without a migration, as control.
  await statements(load, 150);
  expect(load.errors).toEqual([]);
  await ok(migrate('start'));
  await statements(load, 100);
  const reader = await database.client();
  await reader.query(`BEGIN; INSERT INTO public.revenues VALUES (900001, 1, '2024-11-05 00:00+00', 1, 'mine');
    UPDATE public.revenues SET occurred_at = '2024-12-05 00:00+00', amount = 2 WHERE id = 900001`);
  const mine = await reader.query(
    `SELECT amount::text, tableoid::regclass::text AS partition FROM public.revenues_partitioned WHERE id = 900001`,
  );
  expect(mine.rows).toEqual([{ amount: '2.00', partition: expect.stringMatching(/revenues_2024_12/) }]);
  await reader.query('ROLLBACK');

  await ok(migrate('switch'));
  await statements(load, 100);
  await reader.query(`BEGIN; DELETE FROM public.revenues WHERE id = 1`);
  expect((await reader.query('SELECT FROM public.revenues_unpartitioned WHERE id = 1')).rows).toEqual([]);
  await reader.query('ROLLBACK');
  await ok(migrate('rollback'));
  await statements(load, 100);
  await ok(migrate('verify'));
  await ok(migrate('switch'));
  await statements(load, 100);
  await load.stop();
  // A writer at REPEATABLE READ is told to retry when the switch came after its snapshot, as any such writer is when its row has changed.
  expect(load.errors.filter((error) => !error.includes('has switched the table since this transaction began'))).toEqual([]);
  expect(await compareLedger(database.url, table)).toEqual([]);
  expect(JSON.parse(await ok(migrate('verify', '--json')))).toMatchObject({ verdict: { mismatches: 0 }, phase: 'switched' });
  expect(await compareLedger(database.url, 'public.revenues_unpartitioned')).toEqual([]);
  await ok(migrate('finish', '--yes', '--drop-now'));
  expect(await compareLedger(database.url, table)).toEqual([]);
});
