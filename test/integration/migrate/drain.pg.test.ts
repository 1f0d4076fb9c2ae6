import { describe, expect, it } from 'vitest';
import { renderExchange } from '../../../src/ddl/migration/regrain/exchange.ts';
import { backfillRegrain, prepareRegrain } from '../../../src/migrate/regrain/prepare-regrain.ts';
import { readDrainPlan } from '../../../src/migrate/regrain/read-drain-plan.ts';
import { isRegrain, type RegrainEngine } from '../../../src/migrate/regrain/regrain-engine.ts';
import type { PlannedMigration } from '../../../src/migrate/run/begin-migration.ts';
import { saveMigration } from '../../../src/migrate/save.ts';
import { abort } from '../../../src/migrate/switch/abort.ts';
import { switchOver } from '../../../src/migrate/switch/switch-over.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { compareLedger, createLedger, type LedgerWriters, ledgerTable, startLedgerWriters } from '../../support/migrate/ledger.ts';
import { migrationTable, realEngine } from '../../support/migrate/real-engine.ts';
import { named } from '../../support/model.ts';
import { noAbort, openSession } from '../../support/open-session.ts';

const table = 'public.revenues';
const policy = migrationTable({ table: named('revenues'), name: '{table}_{yyyy}_{mm}', defaultPartition: 'managed' });
/** In May 2025. */
const now = 1_747_000_000_000_000n;

/** Rows of October 2024 to February 2026 with partitions for three months of them, one row of long ago and one of the far future. */
async function createRevenues(database: TestDatabase): Promise<void> {
  await database.query(`
    CREATE TABLE revenues (
      id bigint NOT NULL, org_id integer NOT NULL DEFAULT 7, occurred_at timestamptz NOT NULL, amount numeric(12,2), note text,
      twice numeric GENERATED ALWAYS AS (amount * 2) STORED, CHECK (org_id >= 0), PRIMARY KEY (id, occurred_at)
    ) PARTITION BY RANGE (occurred_at);
    CREATE INDEX revenues_org ON revenues (org_id);
    CREATE TABLE revenues_2024_11 PARTITION OF revenues FOR VALUES FROM ('2024-11-01Z') TO ('2024-12-01Z');
    CREATE TABLE revenues_2025_02 PARTITION OF revenues FOR VALUES FROM ('2025-02-01Z') TO ('2025-03-01Z');
    CREATE TABLE revenues_2025_03 PARTITION OF revenues FOR VALUES FROM ('2025-03-01Z') TO ('2025-03-20Z');
    CREATE TABLE revenues_default PARTITION OF revenues DEFAULT;
    CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.note := coalesce(NEW.note, ''none''); RETURN NEW; END';
    CREATE TRIGGER noted BEFORE INSERT ON revenues FOR EACH ROW EXECUTE FUNCTION noted();
    INSERT INTO revenues (id, org_id, occurred_at, amount)
    SELECT n, n % 100, '2024-10-01Z'::timestamptz + n * interval '2 hours', n * 1.5 FROM generate_series(1, 6000) AS n;
    INSERT INTO revenues (id, occurred_at) VALUES (-5, '2019-07-15Z'), (-6, '2099-01-01Z'), (-7, 'infinity');
    ANALYZE revenues`);
  await createLedger(database.url, table);
}

async function plan(database: TestDatabase): Promise<PlannedMigration> {
  await using session = await openSession(database);
  return await readDrainPlan(session, policy, now, noAbort);
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
  const options = { table, writers: 2, from: '2024-10-01T00:00:00Z', days: 460, pauseMs: 2, budgetMs: 5_000, seed: 7 };
  const writers: LedgerWriters = await startLedgerWriters(database.url, options);
  const state = { isOver: false };
  const seen = new Set<string>();
  const reader = await database.client();
  const sums = (of: string): string => `(SELECT ROW(count(*), sum(id), count(DISTINCT id)) FROM ${of})`;
  const reading = (async () => {
    while (!state.isOver) {
      const { rows } = await reader.query<{ same: boolean }>(`SELECT ${sums(table)} = ${sums(ledgerTable)} AS same`);
      seen.add(String(rows[0]?.same));
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

const before = ['revenues_2024_11', 'revenues_2025_02', 'revenues_2025_03', 'revenues_default'];
const made = [
  'revenues_2019_07',
  'revenues_2024_10',
  'revenues_2024_12',
  'revenues_2025_01',
  'revenues_2025_03_2',
  ...Array.from({ length: 9 }, (_, n) => `revenues_2025_${String(n + 4).padStart(2, '0')}`),
  'revenues_2026_01',
];

describe('draining a default partition', () => {
  it('gives its rows partitions of their own under writers, back again and once more, and no query misses a row or finds one twice', async () => {
    await using database = await createDatabase();
    await createRevenues(database);
    await using run = await realEngine(database, policy, await plan(database));
    const after = [...before.slice(0, 3), ...made, 'revenues_default_2'].toSorted();
    await underLoad(database, async () => {
      await run.start();
      expect(run.engine.record).toMatchObject({ phase: 'ready', verdict: { mismatches: 0 } });
      await switchOver(run.engine, true, noAbort);
      expect(await partitionNames(database)).toEqual(before);
      await run.turn();
      expect(await partitionNames(database)).toEqual(after);
      await expect(database.query('DELETE FROM revenues_default')).rejects.toThrow('follows public.revenues in a migration');
      await run.turn();
      expect(await partitionNames(database)).toEqual(before);
      await run.verify();
      await run.turn();
      await run.verify();
      await run.finish();
    });
    expect(await leftovers(database)).toEqual([]);
    const own = (line: string): string => line.slice(line.indexOf(' true'));
    const lines = await shape(database);
    expect(new Set(lines.map(own)).size).toBe(1);
    expect(
      await database.query(`SELECT id FROM revenues_default_2 WHERE occurred_at NOT BETWEEN '2026-02-01Z' AND '2026-03-01Z' ORDER BY id`),
    ).toEqual([{ id: '-7' }, { id: '-6' }]);
    expect(await database.query('SELECT name, state, drop_after > now() AS dated FROM partitiond.detached_partition')).toEqual([
      { name: 'revenues_default', state: 'detached', dated: true },
    ]);
  });

  it('goes on after it was given up in the middle, follows a TRUNCATE, and lets no ATTACH look through rows', async () => {
    await using database = await createDatabase();
    await createRevenues(database);
    const decided = await plan(database);
    expect(decided.plan.notes).toEqual([
      'The rows of public.revenues_default go to 15 partitions of their own: public.revenues_2019_07, public.revenues_2024_10, ' +
        'public.revenues_2024_12 and 12 more. What belongs to none goes to a new default partition, public.revenues_default_2.',
    ]);
    await using run = await realEngine(database, policy, decided);
    const { engine } = run;
    if (!isRegrain(engine)) throw new Error('it is about partitions');
    await prepareRegrain(engine, noAbort);
    await prepareRegrain(engine, noAbort);
    await saveMigration(engine, { phase: 'backfill' }, noAbort);
    await backfillRegrain(engine, noAbort);
    await database.query(`
      DELETE FROM ledger AS l USING revenues_default AS d WHERE l.id = d.id; TRUNCATE revenues_default;
      INSERT INTO revenues (id, org_id, occurred_at, note) SELECT n, 1, '2024-12-03Z'::timestamptz + n * interval '3 days', 'new' FROM generate_series(10001, 10100) AS n;
      UPDATE revenues SET occurred_at = occurred_at - interval '9890 days' WHERE id = 10001;
      INSERT INTO ledger SELECT id, org_id, occurred_at, amount, note FROM revenues WHERE id > 10000`);
    await run.start();
    expect(await implied(database, engine, 'forward')).toEqual([...made, 'revenues_default_2']);
    await run.turn();
    expect(await implied(database, engine, 'back')).toEqual(expect.arrayContaining(['revenues_default', 'revenues_default_2']));
    await run.verify();
    await run.finish(true);
    expect(await compareLedger(database.url, table)).toEqual([]);
    expect(await database.query("SELECT relname FROM pg_class WHERE relname ~ '^revenues_default' AND relkind = 'r'")).toEqual([
      { relname: 'revenues_default_2' },
    ]);
  });

  it('leaves everything as it was when it is aborted, and neither switches beside a partition made meanwhile nor drains what needs nothing', async () => {
    await using database = await createDatabase();
    await createRevenues(database);
    const asItWas = await shape(database);
    {
      await using run = await realEngine(database, policy, await plan(database));
      await run.start();
      await database.query(`CREATE TABLE stranger PARTITION OF revenues FOR VALUES FROM ('1999-01-01Z') TO ('2000-01-01Z')`);
      await expect(run.turn()).rejects.toMatchObject({ code: 'PD643' });
      await database.query('DROP TABLE stranger');
      await abort(run.engine, noAbort);
    }
    expect(await shape(database)).toEqual(asItWas);
    expect(await leftovers(database)).toEqual([]);
    await database.query(`DELETE FROM revenues_default WHERE occurred_at < '2026-02-01Z'`);
    const refusals = async (): Promise<readonly string[]> => (await plan(database)).plan.refusals.map(({ message }) => message);
    expect(await refusals()).toEqual([
      'It holds no row up to 2026-01-31T23:59:59.999999Z that needs a partition, so there is nothing to drain.',
    ]);
    await database.query('DROP TABLE revenues_default');
    expect(await refusals()).toEqual(['It has no default partition, so there is nothing to drain.']);
  });
});

/** Of which tables PostgreSQL says, when partitions change places, that it need not look through them. */
async function implied(database: TestDatabase, { id, spec }: RegrainEngine, direction: 'forward' | 'back'): Promise<readonly string[]> {
  const { sources, targets } = spec.regrain;
  const [leaving, coming] = direction === 'forward' ? [sources, targets] : [targets, sources];
  const keyless = { foreignKeys: [], rules: [] };
  const exchange = {
    id,
    spec,
    leaving: leaving.map((one) => ({ ...one, ...keyless, hasGuard: direction === 'back' })),
    coming: coming.map((one) => ({ ...one, ...keyless })),
    keys: { outgoing: [], incoming: [] },
  };
  const client = await database.client();
  const said: string[] = [];
  client.on('notice', ({ message }) => said.push(/"(.*)" is implied/.exec(message ?? '')?.[1] ?? ''));
  await client.query(`BEGIN; SET LOCAL client_min_messages = debug1; ${renderExchange(exchange, 'partitiond').join(';')}; ROLLBACK`);
  return said.filter((name) => name !== '');
}
