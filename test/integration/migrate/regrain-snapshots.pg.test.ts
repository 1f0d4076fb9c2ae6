import { expect, it } from 'vitest';
import { readRegrainPlan } from '../../../src/migrate/regrain/read-regrain-plan.ts';
import type { PlannedMigration } from '../../../src/migrate/run/begin-migration.ts';
import { abort } from '../../../src/migrate/switch/abort.ts';
import { parseInterval } from '../../../src/partition/interval.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { handMadePolicy } from '../../support/migrate/hand-made.ts';
import { migrationTable, realEngine } from '../../support/migrate/real-engine.ts';
import { named } from '../../support/model.ts';
import { noAbort, openSession } from '../../support/open-session.ts';

const switchover = { ...handMadePolicy().switchover, maxLockMs: 10_000, oldSnapshots: 'ignore' } as const;
const policy = migrationTable({ table: named('revenues'), name: '{table}_{yyyy}_q{q}' }, { switchover });

async function merging(database: TestDatabase): Promise<PlannedMigration> {
  await database.query(`
    CREATE TABLE revenues (id bigint, at timestamptz, note text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
    CREATE TABLE revenues_1 PARTITION OF revenues FOR VALUES FROM ('2025-01-01Z') TO ('2025-02-01Z');
    CREATE TABLE revenues_2 PARTITION OF revenues FOR VALUES FROM ('2025-02-01Z') TO ('2025-04-01Z');
    INSERT INTO revenues SELECT n, '2025-01-01Z'::timestamptz + n * interval '2 hours', 'row ' || n FROM generate_series(1, 500) AS n`);
  await using session = await openSession(database);
  const request = { partitions: [named('revenues_1'), named('revenues_2')], interval: parseInterval('3 months') };
  return await readRegrainPlan(session, policy, request, BigInt(Date.now()) * 1000n, noAbort);
}

it('fails a writer whose snapshot is older than an exchange of partitions, which it would not see the rows of, and leaves nothing of that behind', async () => {
  await using database = await createDatabase();
  await using run = await realEngine(database, policy, await merging(database));
  await run.start();
  const other = await database.client();
  const note = (what: string): Promise<unknown> => other.query(`UPDATE revenues SET note = '${what}' WHERE id = 1000`);
  await database.query(`INSERT INTO revenues VALUES (1000, '2025-01-05Z', 'new')`);
  for (const what of ['forward', 'back'] as const) {
    // In the log, so that its copy is younger than the snapshot that sees it.
    if (what === 'back') await database.query(`UPDATE revenues SET note = 'between' WHERE id = 1000`);
    await other.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1');
    await database.query(`UPDATE revenues SET note = '${what}' WHERE id = 400`);
    await run.turn();
    await expect(note('lost')).rejects.toMatchObject({ code: '40001' });
    await other.query('ROLLBACK');
    await other.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    expect(await note(`${what} again`)).toMatchObject({ rowCount: 1 });
    await other.query('COMMIT');
  }
  expect(await database.query('SELECT note FROM revenues WHERE id IN (400, 1000) ORDER BY id')).toEqual([
    { note: 'back' },
    { note: 'back again' },
  ]);
  await abort(run.engine, noAbort);
  expect(
    await database.query(
      `SELECT tgname AS name FROM pg_trigger WHERE tgname ~ '^partitiond_' UNION ALL SELECT proname FROM pg_proc WHERE proname ~ '^capture_'`,
    ),
  ).toEqual([]);
});
