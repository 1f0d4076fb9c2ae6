import { expect, it } from 'vitest';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { waitFor } from '../support/wait-for.ts';
import { ok } from './support/succeed.ts';
import { configurationText, Workspace } from './support/workspace.ts';

const entry = `interval: 3 months, probes: [
  { name: by-day, sql: "SELECT count(*) FROM revenues WHERE occurred_at >= '2025-01-01' AND occurred_at < '2025-01-02'", analyze: true, expect: { partitions: 1 } },
  { name: qualified, sql: "SELECT count(*) FROM public.revenues WHERE occurred_at < '2025-01-02'", expect: { partitions: 1 } }],
  migration: { partitionKey: occurred_at, strategy: copy, copy: { pace: 0, workers: 1 }, waive: unique-without-key,
    readSchemas: { old: '"Blue 1"', new: green } }`.replaceAll('\n', ' ');

async function makeTable(database: TestDatabase): Promise<void> {
  await database.query(`
    CREATE TABLE public.revenues (id bigserial PRIMARY KEY, occurred_at timestamptz NOT NULL, amount numeric NOT NULL DEFAULT 0, secret text);
    INSERT INTO public.revenues (occurred_at, amount, secret)
      SELECT '2024-11-01 00:00+00'::timestamptz + n * interval '1 hour', n, 'row ' || n FROM generate_series(1, 3000) AS n;
    ANALYZE public.revenues`);
}

it('moves readers role by role to the new table and back, while writers stay where they are, and shows probes of both side by side', async () => {
  await using database = await createDatabase();
  using workspace = new Workspace();
  await makeTable(database);
  const [reporting, staying] = [await database.createRole('reporting'), await database.createRole('staying')];
  await database.query(`GRANT SELECT (id, occurred_at, amount) ON public.revenues TO "${reporting.name}";
    GRANT SELECT, INSERT ON public.revenues TO "${staying.name}"; GRANT USAGE ON SEQUENCE public.revenues_id_seq TO "${staying.name}";
    ALTER ROLE "${reporting.name}" SET search_path = green, public; ALTER ROLE "${staying.name}" SET search_path = "Blue 1", public`);
  workspace.configure(configurationText(database.url, { 'public.revenues': entry }));
  const migrate = (action: string, ...rest: readonly string[]) => workspace.run(['migrate', action, '--table', 'public.revenues', ...rest]);
  await database.query('CREATE SCHEMA green; CREATE TABLE green.revenues (id int)');
  expect(await migrate('plan')).toMatchObject({ exitCode: 4, stdout: expect.stringMatching(/green\.revenues.*(taken|exists)/) });
  await database.query('DROP TABLE green.revenues');
  expect(await ok(migrate('plan'))).toContain(
    '"Blue 1".revenues reads the old table and green.revenues the new one, from ready until finish',
  );
  await ok(migrate('start'));

  const [reader, stayer] = [await database.client({ url: reporting.url }), await database.client({ url: staying.url })];
  /** Which table a session reads by the bare name, as the plan of its query tells. */
  const reads = async (client: typeof reader): Promise<string> => {
    const plan = await client.query<{ 'QUERY PLAN': string }>('EXPLAIN (COSTS OFF) SELECT count(id) FROM revenues');
    return plan.rows.map((row) => row['QUERY PLAN']).join('\n');
  };
  const count = async (client: typeof reader): Promise<number> =>
    Number((await client.query<{ n: string }>('SELECT count(id) AS n FROM revenues')).rows[0]?.n);
  expect(await reads(reader)).toContain('revenues_202');
  expect(await reads(stayer)).not.toContain('revenues_202');
  await expect(reader.query('SELECT secret FROM revenues')).rejects.toThrow(/permission denied/);
  await expect(stayer.query(`INSERT INTO revenues (occurred_at) VALUES (now())`)).rejects.toThrow(/permission denied|view/);
  await stayer.query(`INSERT INTO public.revenues (occurred_at) VALUES ('2025-02-01 00:00+00')`);
  expect(await count(stayer)).toBe(3001);
  await ok(migrate('start'));
  expect(await count(reader)).toBe(3001);

  const switched = JSON.parse(await ok(migrate('switch', '--json')));
  expect(switched).toMatchObject({
    phase: 'switched',
    probes: [
      {
        probe: 'by-day',
        old: { scanned: null, executionMs: expect.any(Number), planningMs: expect.any(Number), error: null },
        new: { scanned: 1, partitions: expect.any(Number), executionMs: expect.any(Number), error: null },
      },
    ],
  });
  expect(await ok(migrate('switch'))).toMatch(/PROBE +OLD[\s\S]*by-day/);
  await stayer.query(`INSERT INTO public.revenues (occurred_at) VALUES ('2025-02-02 00:00+00')`);
  expect(await reads(reader)).toContain('revenues_202');
  expect(await reads(stayer)).not.toContain('revenues_202');
  expect(await count(reader)).toBe(3002);
  await ok(migrate('start'));
  await waitFor(
    'the old table in sync',
    () => count(stayer),
    (n) => n === 3002,
  );

  await ok(migrate('rollback'));
  expect(await reads(reader)).toContain('revenues_202');
  await database.query('DELETE FROM public.revenues WHERE id = 1');
  expect(await count(stayer)).toBe(3001);
  await ok(migrate('verify'));
  expect(await count(reader)).toBe(3001);
  await ok(migrate('switch'));
  await ok(migrate('finish', '--yes'));
  // The one that was there before stays.
  expect(await database.query(`SELECT nspname FROM pg_namespace WHERE nspname IN ('green', 'Blue 1')`)).toEqual([{ nspname: 'green' }]);
  expect(await database.query(`SELECT relname FROM pg_class WHERE relnamespace = 'green'::regnamespace`)).toEqual([]);
  expect(await reads(reader)).toContain('revenues_202');
});
