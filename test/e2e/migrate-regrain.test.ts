import { describe, expect, it } from 'vitest';
import { createDatabase } from '../support/database.ts';
import { configurationText, Workspace } from './support/workspace.ts';

describe('partitiond migrate --partitions', () => {
  it('splits a partition from plan to finish, by an entry without a block migration', async () => {
    await using database = await createDatabase();
    using workspace = new Workspace();
    await database.query(`
      CREATE TABLE public.event (id bigint, at timestamptz, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
      CREATE TABLE public.event_2025_q1 PARTITION OF public.event FOR VALUES FROM ('2025-01-01Z') TO ('2025-04-01Z');
      INSERT INTO public.event SELECT n, '2025-01-01Z'::timestamptz + n * interval '1 hour' FROM generate_series(1, 2000) AS n`);
    workspace.configure(configurationText(database.url, { 'public.event': 'interval: 3 months' }));
    const migrate = async (...words: readonly string[]): Promise<readonly [number | null, string]> => {
      const { exitCode, stdout, stderr } = await workspace.run(['migrate', ...words, '--table', 'public.event']);
      return [exitCode, stdout + stderr];
    };
    const what = ['--partitions', 'event_2025_q1', '--interval', '1 month'];
    expect(await migrate('plan', ...what)).toEqual([0, expect.stringContaining('The rows of public.event_2025_q1 go to 3 partitions')]);
    expect(await migrate('plan')).toEqual([2, expect.stringContaining('has no block `migration`')]);
    expect(await migrate('plan', '--partitions', 'event_2025_q1')).toEqual([64, expect.stringContaining('give both')]);
    for (const words of [['start', ...what], ['switch'], ['finish', '--yes']]) {
      const [exitCode, text] = await migrate(...words);
      expect(`${words[0]} ${exitCode}${exitCode === 0 ? '' : text}`).toBe(`${words[0]} 0`);
    }
    const rows = await database.query(
      `SELECT tableoid::regclass::text AS name, count(*)::int AS rows FROM public.event GROUP BY 1 ORDER BY 1`,
    );
    expect(rows).toEqual([
      { name: 'event_2025_01', rows: 743 },
      { name: 'event_2025_02', rows: 672 },
      { name: 'event_2025_03', rows: 585 },
    ]);
  });

  it('empties a default partition that is too full for an ordinary step, as the finding says', async () => {
    await using database = await createDatabase();
    using workspace = new Workspace();
    await database.query(`
      CREATE TABLE public.event (id bigint, at timestamptz, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
      CREATE TABLE public.event_2020_01 PARTITION OF public.event FOR VALUES FROM ('2020-01-01Z') TO ('2020-02-01Z');
      CREATE TABLE public.event_default PARTITION OF public.event DEFAULT;
      INSERT INTO public.event SELECT n, '2020-02-03Z'::timestamptz + n * interval '1 minute' FROM generate_series(1, 20000) AS n`);
    workspace.configure(configurationText(database.url, { 'public.event': 'interval: 1 month, defaultPartition: keep' }));
    const run = async (...words: readonly string[]): Promise<string> => {
      const { exitCode, stdout, stderr } = await workspace.run([...words, '--table', 'public.event']);
      return `${exitCode} ${stdout}${stderr}`;
    };
    const command = /`partitiond (migrate start --table public\.event) --drain-default`/.exec(await run('plan'));
    expect(command).not.toBeNull();
    expect(await run('migrate', 'plan', '--drain-default')).toMatch(/^0 [^]*go to 1 partition of their own: public\.event_2020_02\./);
    expect(await run('migrate', 'plan', '--drain-default', '--partitions', 'x')).toMatch(/^64 [^]*leave out --partitions/);
    for (const words of [['start', '--drain-default'], ['switch'], ['finish', '--yes', '--drop-now']]) {
      expect(await run('migrate', ...words)).toMatch(/^0 /);
    }
    expect(await database.query(`SELECT tableoid::regclass::text AS name, count(*)::int AS rows FROM public.event GROUP BY 1`)).toEqual([
      { name: 'event_2020_02', rows: 20_000 },
    ]);
    expect(await run('migrate', 'start', '--drain-default')).toMatch(/^4 [^]*nothing to drain/);
  });
});
