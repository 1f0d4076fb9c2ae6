import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import type { RunResult } from '../support/run-partitiond.ts';
import { Workspace } from './support/workspace.ts';

const example = readFileSync('examples/migration.yaml', 'utf8');

async function makeTables(database: TestDatabase): Promise<void> {
  const money = ['revenues', 'expenses'].map(
    (table) => `
    CREATE TABLE public.${table} (
      id bigserial PRIMARY KEY,
      organization_id integer NOT NULL,
      occurred_at timestamptz NOT NULL,
      amount numeric(12,2) NOT NULL DEFAULT 0
    );
    CREATE INDEX ${table}_organization ON public.${table} (organization_id, occurred_at);
    INSERT INTO public.${table} (organization_id, occurred_at, amount)
      SELECT n % 100, t, n FROM generate_series('2024-10-01 00:00+00'::timestamptz, now(), interval '1 day') WITH ORDINALITY AS s (t, n);
    CREATE VIEW public.${table}_of_organizations AS SELECT organization_id, sum(amount) AS amount FROM public.${table} GROUP BY 1;`,
  );
  await database.query(`${money.join('')}
    CREATE TABLE public.behavioral_event (
      id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      user_id bigint NOT NULL,
      created_at timestamptz NOT NULL,
      payload jsonb NOT NULL DEFAULT '{}'
    );
    INSERT INTO public.behavioral_event (user_id, created_at, payload)
      SELECT n % 50, now() - n * interval '12 hours', jsonb_build_object('n', n) FROM generate_series(1, 500) AS n;
    ANALYZE`);
}

async function ok(result: Promise<RunResult>): Promise<string> {
  const { exitCode, stdout, stderr } = await result;
  if (exitCode !== 0) throw new Error(`exit code ${exitCode}\n${stdout}\n${stderr}`);
  return stdout;
}

async function partitionsOf(database: TestDatabase, table: string): Promise<readonly string[]> {
  const rows = await database.query<{ name: string }>(
    `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = $1::regclass ORDER BY 1`,
    [table],
  );
  return rows.map(({ name }) => name);
}

test('the example migrates its tables, and hands them over to an entry that has nothing left to do', async () => {
  await using database = await createDatabase();
  using workspace = new Workspace();
  await makeTables(database);
  // On a busy machine neither commits nor a switch take the time that the defaults allow.
  const [brakes, lock] = ['brakes: { commitLatencyFactor: 100 }', 'switch: { maxLock: 10s }'];
  const patient = example
    .replaceAll('partitionKey: occurred_at', `partitionKey: occurred_at, ${brakes}, ${lock}`)
    .replace(/^( *)partitionKey: created_at$/m, `$&\n$1${brakes}\n$1${lock}`);
  workspace.configure(patient.replace('${DATABASE_URL}', JSON.stringify(database.url)));
  const run = (...args: readonly string[]): Promise<RunResult> => workspace.run(args);
  const counted = `SELECT (SELECT count(*) FROM public.revenues) AS revenues, (SELECT sum(amount) FROM public.expenses) AS expenses,
    (SELECT sum(hashtextextended(e::text, 0)) FROM public.behavioral_event AS e) AS events, (SELECT sum(amount) FROM public.revenues_of_organizations) AS seen`;
  const before = await database.query<{ revenues: string }>(counted);
  const migrate = async (table: string): Promise<void> => {
    await ok(run('migrate', 'start', '--table', table));
    await ok(run('migrate', 'switch', '--table', table));
    await ok(run('migrate', 'finish', '--yes', '--table', table));
  };
  await Promise.all(['public.revenues', 'public.expenses', 'public.behavioral_event'].map(migrate));
  expect(await database.query(counted)).toEqual(before);
  const quarters = await partitionsOf(database, 'public.revenues');
  expect(quarters).toEqual(expect.arrayContaining(['revenues_2024_q4', 'revenues_2025_q1', 'revenues_2025_q2', 'revenues_default']));
  expect(await partitionsOf(database, 'public.expenses')).toEqual(quarters.map((name) => name.replace('revenues', 'expenses')));
  const [month] = await partitionsOf(database, 'public.behavioral_event');
  expect(month).toMatch(/^behavioral_event_20\d\d_\d\d$/);

  // Nothing is left to do, to find, or to migrate.
  expect(JSON.parse(await ok(run('plan', '--exit-code', '--json')))).toMatchObject({
    tables: [0, 1, 2].map(() => ({ error: null, steps: [], findings: [] })),
  });
  await ok(run('check'));
  const again = await run('migrate', 'start', '--table', 'public.revenues', '--json');
  expect(again).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('There is nothing to do: public.revenues was migrated') });
  expect(JSON.parse(again.stdout)).toMatchObject({ phase: 'finished', progress: 1, rowsCopied: Number(before[0]?.revenues), next: null });

  // What was kept goes at its date, also of an entry without retention, and under the same guards.
  const old = `SELECT relname FROM pg_class WHERE relkind = 'r' AND relname LIKE '%_unpartitioned' ORDER BY 1`;
  const in8Days = new Date(Date.now() + 8 * 86_400_000).toISOString();
  const in6Days = new Date(Date.now() + 6 * 86_400_000).toISOString();
  const only = ['--only', 'retention', '--table', 'public.revenues'];
  await ok(run('apply', '--now', in6Days, ...only));
  expect(await database.query(old)).toHaveLength(3);
  expect(await run('apply', '--now', in8Days, ...only, '--allow-removals', '0')).toMatchObject({ exitCode: 4 });
  expect(await database.query(old)).toHaveLength(3);
  expect(await ok(run('apply', '--now', in8Days, ...only))).toContain('revenues_unpartitioned');
  expect(await database.query(old)).toEqual([{ relname: 'behavioral_event_unpartitioned' }, { relname: 'expenses_unpartitioned' }]);

  // Retention takes partitions of a migrated table like any other.
  const in3Years = new Date(Date.now() + 3 * 365 * 86_400_000).toISOString();
  await database.query(`UPDATE partitiond.detached_partition SET drop_after = NULL`);
  await ok(run('apply', '--now', in3Years, '--only', 'retention', '--table', 'public.behavioral_event', '--allow-removals', '100'));
  expect(await partitionsOf(database, 'public.behavioral_event')).not.toContain(month);
  expect(await database.query(old)).toHaveLength(2);
}, 300_000);
