import { describe, expect, it } from 'vitest';
import { backfillRegrain, prepareRegrain } from '../../../src/migrate/regrain/prepare-regrain.ts';
import { readRegrainPlan } from '../../../src/migrate/regrain/read-regrain-plan.ts';
import { isRegrain } from '../../../src/migrate/regrain/regrain-engine.ts';
import type { MigrationTable, PlannedMigration } from '../../../src/migrate/run/begin-migration.ts';
import { saveMigration } from '../../../src/migrate/save.ts';
import { abort } from '../../../src/migrate/switch/abort.ts';
import { switchOver } from '../../../src/migrate/switch/switch-over.ts';
import { parseInterval } from '../../../src/partition/interval.ts';
import { explainMigration } from '../../../src/plan/migration/explain-migration.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { compareLedger, createLedger, type LedgerWriters, ledgerTable, startLedgerWriters } from '../../support/migrate/ledger.ts';
import { migrationTable, planned, realEngine } from '../../support/migrate/real-engine.ts';
import { named } from '../../support/model.ts';
import { noAbort, openSession } from '../../support/open-session.ts';

const table = 'public.revenues';
const policy = migrationTable({ table: named('revenues'), name: '{table}_{yyyy}_{mm}', defaultPartition: 'managed' });

/** Partitions of `bounds`, a default, an index, a trigger and rows in all of them. */
async function createRevenues(database: TestDatabase, bounds: readonly (readonly [string, string, string])[]): Promise<void> {
  const partitions = bounds.map(
    ([name, from, to]) => `CREATE TABLE ${name} PARTITION OF revenues FOR VALUES FROM ('${from}Z') TO ('${to}Z')`,
  );
  await database.query(`
    CREATE TABLE revenues (
      id bigint NOT NULL, org_id integer NOT NULL DEFAULT 7, occurred_at timestamptz NOT NULL, amount numeric(12,2), note text,
      twice numeric GENERATED ALWAYS AS (amount * 2) STORED, CHECK (org_id >= 0), PRIMARY KEY (id, occurred_at)
    ) PARTITION BY RANGE (occurred_at);
    CREATE INDEX revenues_org ON revenues (org_id);
    ${partitions.join(';')};
    CREATE TABLE revenues_default PARTITION OF revenues DEFAULT;
    CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.note := coalesce(NEW.note, ''none''); RETURN NEW; END';
    CREATE TRIGGER noted BEFORE INSERT ON revenues FOR EACH ROW EXECUTE FUNCTION noted();
    INSERT INTO revenues (id, org_id, occurred_at, amount)
    SELECT n, n % 100, '2024-10-01Z'::timestamptz + n * interval '4 hours', n * 1.5 FROM generate_series(1, 3000) AS n;
    ANALYZE revenues`);
  await createLedger(database.url, table);
}

async function plan(
  database: TestDatabase,
  partitions: readonly string[],
  interval: string,
  of: MigrationTable = policy,
): Promise<PlannedMigration> {
  await using session = await openSession(database);
  const request = { partitions: partitions.map((name) => named(name)), interval: parseInterval(interval) };
  return await readRegrainPlan(session, of, request, BigInt(Date.now()) * 1000n, noAbort);
}

/** Everything about the table's partitions, in one text. */
async function shape(database: TestDatabase): Promise<readonly string[]> {
  const rows = await database.query<{ line: string }>(`
    SELECT c.relname || ' ' || pg_get_expr(c.relpartbound, c.oid) || ' ' ||
      (SELECT string_agg(x.indisvalid || ' ' || regexp_replace(pg_get_indexdef(x.indexrelid), '^CREATE( UNIQUE)? INDEX .* USING', '\\1'), '; ' ORDER BY pg_get_indexdef(x.indexrelid))
       FROM pg_index AS x WHERE x.indrelid = c.oid) || ' ' ||
      coalesce((SELECT string_agg(t.tgname, ' ' ORDER BY t.tgname) FROM pg_trigger AS t WHERE t.tgrelid = c.oid), '') || ' ' ||
      (SELECT string_agg(k.conname, ' ' ORDER BY k.conname) FROM pg_constraint AS k WHERE k.conrelid = c.oid AND k.contype = 'c') AS line
    FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid WHERE i.inhparent = 'revenues'::regclass ORDER BY 1`);
  return rows.map(({ line }) => line);
}

async function partitionNames(database: TestDatabase): Promise<readonly string[]> {
  return (await shape(database)).map((line) => line.split(' ')[0] ?? '');
}

async function leftovers(database: TestDatabase): Promise<readonly unknown[]> {
  return await database.query(`
    SELECT c.relname FROM pg_class AS c WHERE c.relname ~ 'regrain|^capture_'
    UNION ALL SELECT t.tgname FROM pg_trigger AS t WHERE t.tgname ~ '^partitiond_'
    UNION ALL SELECT k.conname FROM pg_constraint AS k WHERE k.conname ~ '^partitiond_bound'
    UNION ALL SELECT p.proname FROM pg_proc AS p WHERE p.proname ~ '^(guard|capture)_\\d'`);
}

/** Writers with a ledger, and a reader that compares table and ledger in one snapshot again and again. */
async function underLoad(database: TestDatabase, body: () => Promise<void>): Promise<void> {
  const options = { table, writers: 2, from: '2024-11-01T00:00:00Z', days: 460, pauseMs: 2, budgetMs: 5_000, seed: 7 };
  const writers: LedgerWriters = await startLedgerWriters(database.url, options);
  const state = { isOver: false, looks: 0 };
  const seen = new Set<string>();
  const reader = await database.client();
  const sums = (of: string): string => `(SELECT ROW(count(*), sum(id), count(DISTINCT id)) FROM ${of})`;
  const reading = (async () => {
    while (!state.isOver) {
      const { rows } = await reader.query<{ same: boolean }>(`SELECT ${sums(table)} = ${sums(ledgerTable)} AS same`);
      seen.add(String(rows[0]?.same));
      state.looks += 1;
    }
  })();
  try {
    await body();
  } finally {
    state.isOver = true;
    await reading;
    await writers.stop();
  }
  expect(writers.errors).toEqual([]);
  expect(writers.statements).toBeGreaterThan(20);
  expect([...seen]).toEqual(['true']);
  expect(await compareLedger(database.url, table)).toEqual([]);
}

const year = [
  ['revenues_2024', '2024-01-01', '2025-01-01'],
  ['revenues_2025', '2025-01-01', '2026-01-01'],
  ['revenues_2026', '2026-01-01', '2027-01-01'],
] as const;

describe('re-graining partitions', () => {
  it('splits a year into months under writers, back again and once more, and no query misses a row or finds one twice', async () => {
    await using database = await createDatabase();
    await createRevenues(database, year);
    const before = await shape(database);
    await using run = await realEngine(database, policy, await plan(database, ['revenues_2025'], '1 month'));
    const split = ['revenues_2024', ...Array.from({ length: 12 }, (_, n) => `revenues_2025_${String(n + 1).padStart(2, '0')}`)];
    await underLoad(database, async () => {
      await run.start();
      expect(run.engine.record).toMatchObject({ phase: 'ready', verdict: { mismatches: 0 } });
      await switchOver(run.engine, true, noAbort);
      expect(await partitionNames(database)).toEqual(['revenues_2024', 'revenues_2025', 'revenues_2026', 'revenues_default']);
      await run.turn();
      expect(await partitionNames(database)).toEqual([...split, 'revenues_2026', 'revenues_default']);
      await expect(database.query('DELETE FROM revenues_2025')).rejects.toThrow('follows public.revenues in a migration');
      await run.turn();
      expect(await partitionNames(database)).toEqual(['revenues_2024', 'revenues_2025', 'revenues_2026', 'revenues_default']);
      await run.verify();
      await run.turn();
      await run.verify();
      await run.finish();
    });
    expect(run.engine.record.phase).toBe('finished');
    expect(await leftovers(database)).toEqual([]);
    const after = await shape(database);
    const [, model = ''] = before;
    const rest = (line: string): string => line.slice(line.indexOf(') true'));
    expect(after.filter((line) => line.startsWith('revenues_2025_')).map(rest)).toEqual(Array.from({ length: 12 }, () => rest(model)));
    expect(await database.query('SELECT name, state, drop_after > now() AS dated FROM partitiond.detached_partition')).toEqual([
      { name: 'revenues_2025', state: 'detached', dated: true },
    ]);
  });

  it('merges three months into a quarter, goes on after it was given up in the middle, follows a TRUNCATE, and drops the months', async () => {
    await using database = await createDatabase();
    await createRevenues(database, [
      ['revenues_2024_q4', '2024-10-01', '2025-01-01'],
      ['revenues_2025_01', '2025-01-01', '2025-02-01'],
      ['revenues_2025_02', '2025-02-01', '2025-03-01'],
      ['revenues_2025_03', '2025-03-01', '2025-04-01'],
      ['revenues_2025_rest', '2025-04-01', '2027-01-01'],
    ]);
    const quarters = { ...policy, name: '{table}_{yyyy}_q{q}' };
    const decided = await plan(database, ['revenues_2025_03', 'revenues_2025_01', 'revenues_2025_02'], '3 months', quarters);
    const told = explainMigration(decided.plan);
    expect(told[0]).toBe('public.revenues: can have its partitions re-grained, in 8 steps');
    expect(told.at(-1)).toContain(
      `partitiond migrate start --table public.revenues --partitions revenues_2025_03,revenues_2025_01,revenues_2025_02 --interval '3 months'`,
    );
    expect(decided.plan.notes).toEqual([
      'The rows of public.revenues_2025_01, public.revenues_2025_02, public.revenues_2025_03 go to 1 partition over the same range: public.revenues_2025_q1.',
    ]);
    {
      await using run = await realEngine(database, quarters, decided);
      const { engine } = run;
      if (!isRegrain(engine)) throw new Error('it is about partitions');
      await prepareRegrain(engine, noAbort);
      await prepareRegrain(engine, noAbort);
      await saveMigration(engine, { phase: 'backfill' }, noAbort);
      await backfillRegrain(engine, noAbort);
      await database.query(
        'TRUNCATE revenues_2025_02; DELETE FROM ledger WHERE occurred_at >= $$2025-02-01Z$$ AND occurred_at < $$2025-03-01Z$$',
      );
      await database.query(
        `INSERT INTO revenues VALUES (-1, 1, '2025-02-03Z', 1, 'new'); INSERT INTO ledger VALUES (-1, 1, '2025-02-03Z', 1, 'new')`,
      );
      await run.start();
      await underLoad(database, async () => {
        await run.turn();
        await run.verify();
        await run.finish(true);
      });
    }
    expect(await partitionNames(database)).toEqual(['revenues_2024_q4', 'revenues_2025_q1', 'revenues_2025_rest', 'revenues_default']);
    expect(await leftovers(database)).toEqual([]);
    expect(await database.query(`SELECT relname FROM pg_class WHERE relname ~ '^revenues_2025_0\\d$'`)).toEqual([]);
  });

  it('leaves everything as it was when it is aborted, and refuses by name what it cannot carry over', async () => {
    await using database = await createDatabase();
    await createRevenues(database, year);
    const before = await shape(database);
    {
      await using run = await realEngine(database, policy, await plan(database, ['revenues_2025'], '1 month'));
      await run.start();
      await abort(run.engine, noAbort);
    }
    expect(await shape(database)).toEqual(before);
    expect(await leftovers(database)).toEqual([]);
    await database.query(`
      ALTER TABLE revenues ADD CONSTRAINT of_revenue FOREIGN KEY (id, occurred_at) REFERENCES revenues;
      ALTER TABLE revenues_2025 ADD CONSTRAINT own_key FOREIGN KEY (id, occurred_at) REFERENCES revenues_2025;
      CREATE VIEW lately AS SELECT * FROM revenues_2025;
      CREATE PUBLICATION sends FOR TABLE revenues;
      CREATE TRIGGER own AFTER INSERT ON revenues_2025 FOR EACH ROW EXECUTE FUNCTION noted()`);
    const refused = await plan(database, ['revenues_2025'], '1 month');
    expect(refused.plan.spec).toBeNull();
    expect(refused.plan.refusals.map(({ subject }) => subject)).toEqual(
      expect.arrayContaining([
        'foreign key of_revenue of public.revenues',
        'foreign key own_key of public.revenues_2025',
        'publication sends',
        'trigger own',
        'view public.lately',
      ]),
    );
    const subjects = async (partitions: readonly string[], interval: string): Promise<readonly (string | undefined)[]> => {
      const { plan: found } = await plan(database, partitions, interval);
      return [found.refusals[0]?.subject, found.refusals[0]?.message.split(/[,:;]/, 1)[0]];
    };
    expect(await subjects(['revenues_2024', 'revenues_2026'], '1 month')).toEqual([
      'public.revenues_2026',
      'It does not begin where the one before it ends',
    ]);
    expect((await subjects(['revenues_2025'], '7 months'))[0]).toBe('--interval');
    expect((await subjects(['revenues_2025'], '1 year'))[1]).toBe('The partitions have that interval already.');
    expect((await subjects(['revenues_default'], '1 month'))[1]).toBe('public.revenues has no such partition with a range.');
    expect((await planned(database, policy)).plan.spec).toBeNull();
  });
});
