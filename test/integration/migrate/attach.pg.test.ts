import { expect, test } from 'vitest';
import { finish } from '../../../src/migrate/switch/finish.ts';
import { switchOver } from '../../../src/migrate/switch/switch-over.ts';
import { verify } from '../../../src/migrate/verify/verify.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { attaching } from '../../support/migrate/attaching.ts';
import { compareLedger, createLedger, startLedgerWriters } from '../../support/migrate/ledger.ts';
import { noAbort } from '../../support/open-session.ts';
import { waitFor } from '../../support/wait-for.ts';

const plain = `
CREATE TABLE public.revenues (id bigint NOT NULL, org_id integer NOT NULL, occurred_at timestamptz NOT NULL, amount numeric(12,2), note text,
  PRIMARY KEY (id, occurred_at));
CREATE INDEX revenues_org ON public.revenues (org_id) WHERE org_id > 50;
CREATE INDEX revenues_note ON public.revenues (lower(note));
INSERT INTO public.revenues SELECT n, n % 100, date_trunc('month', now()) - interval '1 year' + n * interval '12 hours', n, 'row ' || n
FROM generate_series(1, 700) AS n`;

async function partitions(database: TestDatabase): Promise<readonly string[]> {
  const rows = await database.query<{ line: string }>(
    `SELECT c.relname || ' ' || pg_get_expr(c.relpartbound, c.oid) AS line FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
     WHERE i.inhparent = 'public.revenues'::regclass ORDER BY c.relname`,
  );
  return rows.map(({ line }) => line);
}

test('attaches without reading a row, loses nothing while writers work through switch, rollback, switch and finish', async () => {
  await using database = await createDatabase();
  await database.query(plain);
  await createLedger(database.url, 'public.revenues');
  await using migration = await attaching(database);
  const from = new Date(Date.now() - 300 * 86_400_000).toISOString();
  const options = { table: 'public.revenues', writers: 3, from, days: 290, pauseMs: 2, budgetMs: 500, seed: 11 };
  await using writers = await startLedgerWriters(database.url, options);
  await migration.start();
  const notices: string[] = [];
  migration.running.engine.session.onNotice((notice) => notices.push(notice.message));
  await migration.running.engine.session.execute('SET client_min_messages = debug1', noAbort);
  for (const direction of ['forward', 'back', 'forward']) {
    const before = writers.statements;
    await waitFor(
      'writers to have written',
      () => writers.statements,
      (seen) => seen > before + 40,
    );
    if (migration.running.engine.record.lastSwitch?.direction === 'back') await migration.start('ready');
    if (direction === 'forward') await verify(migration.running.engine, null, noAbort);
    await switchOver(migration.running.engine, false, noAbort);
    expect(migration.running.engine.record.lastSwitch?.direction).toBe(direction);
  }
  // Of each switch forward; else ATTACH would have read the table.
  expect(notices.filter((text) => /constraint for table "revenues_first" is implied by existing constraints/.test(text))).toHaveLength(2);
  await migration.start();
  await finish(migration.running.engine, false, noAbort);
  await writers.stop();
  expect(writers.errors).toEqual([]);
  expect(await compareLedger(database.url, 'public.revenues')).toEqual([]);
  const found = await partitions(database);
  expect(found).toHaveLength(4);
  expect(found.filter((line) => line.startsWith('revenues_first FOR VALUES FROM (MINVALUE) TO ('))).toHaveLength(1);
  expect(await database.query('SELECT * FROM partitiond.detached_partition')).toEqual([]);
  const locks = migration.events.flatMap((event) => (event.kind === 'switch-attempted' && event.outcome === 'ok' ? [event.lockMs] : []));
  expect(locks.filter((ms) => ms > 0 && ms < 500)).toHaveLength(3);
});
