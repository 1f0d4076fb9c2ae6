import { expect, it } from 'vitest';
import { createDatabase } from '../support/database.ts';
import type { RunResult } from '../support/run-partitiond.ts';
import { configurationText, Workspace } from './support/workspace.ts';

async function ok(result: Promise<RunResult>): Promise<string> {
  const { exitCode, stdout, stderr } = await result;
  if (exitCode !== 0) throw new Error(`exit code ${exitCode}\n${stdout}\n${stderr}`);
  return stdout;
}

it('attaches a table from plan to finish, and leaves the policy nothing to do', async () => {
  await using database = await createDatabase();
  using workspace = new Workspace();
  await database.query(`
    CREATE TABLE public.revenues (id bigint GENERATED ALWAYS AS IDENTITY, occurred_at timestamptz NOT NULL, note text, PRIMARY KEY (id, occurred_at));
    INSERT INTO public.revenues (occurred_at, note) SELECT now() - n * interval '1 hour', 'row ' || n FROM generate_series(1, 3000) AS n;
    ANALYZE`);
  const entry = 'interval: 1 month, premake: 2, migration: { partitionKey: occurred_at, strategy: attach }';
  workspace.configure(configurationText(database.url, { 'public.revenues': entry }));
  const migrate = (action: string, ...rest: readonly string[]) => workspace.run(['migrate', action, '--table', 'public.revenues', ...rest]);
  const count = () => database.query('SELECT count(*)::int AS rows FROM public.revenues');

  const plan = await ok(migrate('plan'));
  expect(plan).toMatch(/attach: the table becomes the first partition, no row moves/);
  const [, bound = ''] = /refuses rows at or after (\S+),/.exec(plan) ?? [];
  expect(JSON.parse(await ok(migrate('start', '--json')))).toMatchObject({ phase: 'ready', verdict: { mismatches: 0 } });
  await expect(database.query('INSERT INTO public.revenues (occurred_at) VALUES ($1)', [bound])).rejects.toThrow(/partitiond_until/);
  expect(await ok(migrate('switch', '--rehearse'))).toMatch(/ATTACH PARTITION public\.revenues_first[\s\S]*rolled back/);
  await ok(migrate('switch'));
  await database.query('INSERT INTO public.revenues (occurred_at) VALUES ($1)', [bound]);
  await ok(migrate('rollback'));
  expect(await count()).toEqual([{ rows: 3001 }]);
  await ok(migrate('verify'));
  await ok(migrate('switch'));
  expect(await migrate('finish', '--yes', '--drop-now')).toMatchObject({ exitCode: 4, stderr: expect.stringContaining('PD654') });
  expect(JSON.parse(await ok(migrate('finish', '--yes', '--json')))).toMatchObject({ phase: 'finished', next: null });
  expect(await count()).toEqual([{ rows: 3001 }]);
  const { exitCode, stdout } = await workspace.run(['plan', '--exit-code']);
  expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: expect.stringContaining('nothing to do') });

  const cut = ['--partitions', 'revenues_first', '--interval', '1 month'];
  expect(await ok(migrate('plan', ...cut))).toMatch(/partitions {2}\d+ partitions from MINVALUE to /);
  await ok(migrate('start', ...cut));
  expect(await ok(migrate('switch'))).toMatch(/or back +partitiond migrate rollback/);
  expect(await ok(migrate('finish', '--yes'))).toMatch(/old table +public\.revenues_first, dropped after /);
  expect(await count()).toEqual([{ rows: 3001 }]);
  const [oldest] = await database.query<{ bound: string; ends: boolean }>(`
    SELECT pg_get_expr(c.relpartbound, c.oid) AS bound,
      pg_get_expr(c.relpartbound, c.oid) LIKE
        '%(MINVALUE)%' || quote_literal(date_trunc('month', min(r.occurred_at), 'UTC') + interval '1 month') || '%' AS ends
    FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid, public.revenues AS r
    WHERE i.inhparent = 'public.revenues'::regclass AND pg_get_expr(c.relpartbound, c.oid) LIKE '%MINVALUE%' GROUP BY 1, c.oid, c.relpartbound`);
  expect(oldest).toMatchObject({ ends: true });
});
