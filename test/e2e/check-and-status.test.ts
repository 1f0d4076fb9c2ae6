import { describe, expect, it } from 'vitest';
import { createDatabase } from '../support/database.ts';
import { createMonthly } from './support/sample.ts';
import { configurationText, Workspace } from './support/workspace.ts';

const now = ['--now', '2025-03-10T12:00:00Z'];
const policy = 'interval: 1 month, premake: 2, defaultPartition: keep';

describe('check', () => {
  it('exits 0 without findings and 1 with them, in a table or as JSON', async () => {
    await using database = await createDatabase();
    using workspace = new Workspace();
    await createMonthly(database, 'event', '2025-03-01', 3);
    await database.query('CREATE TABLE public.event_default PARTITION OF public.event DEFAULT');
    workspace.configure(configurationText(database.url, { 'public.event': policy }));
    expect(await workspace.run(['check', ...now])).toMatchObject({ exitCode: 0, stdout: '1 table checked: no findings.\n', stderr: '' });
    await database.query("INSERT INTO public.event VALUES (1, '2001-01-01')");
    const text = await workspace.run(['check', ...now]);
    expect(text.exitCode).toBe(1);
    expect(text.stdout).toMatch(/^SEVERITY +DATABASE +TABLE +KIND +MESSAGE\nwarning +app +public\.event +rows-in-default +\S/);
    const json = await workspace.run(['check', '--json', ...now]);
    expect(json.exitCode).toBe(1);
    expect(JSON.parse(json.stdout)).toEqual({
      now: '2025-03-10T12:00:00Z',
      tables: [
        {
          database: 'app',
          table: 'public.event',
          findings: [
            { kind: 'rows-in-default', severity: 'warning', message: expect.stringMatching(/\w/), partition: 'public.event_default' },
          ],
          error: null,
        },
      ],
    });
  });
});

describe('status', () => {
  it('prints one aligned line per table, and each partition of a named one', async () => {
    await using database = await createDatabase();
    using workspace = new Workspace();
    await createMonthly(database, 'event', '2025-03-01', 1);
    await createMonthly(database, 'visit', '2025-03-01', 1);
    workspace.configure(configurationText(database.url, { 'public.event': 'interval: 1 month', 'public.visit': 'interval: 1 month' }));
    await workspace.run(['apply']);
    const all = await workspace.run(['status']);
    expect(all).toMatchObject({ exitCode: 0, stderr: '' });
    const [heading = '', ...lines] = all.stdout.trimEnd().split('\n');
    expect(heading).toMatch(/^DATABASE +TABLE +INTERVAL +PARTITIONS +AHEAD +COVERED UNTIL +ROWS +SIZE +STEPS DUE +FINDINGS$/);
    expect(lines.slice(0, 2).map((line) => line.slice(heading.indexOf('TABLE')).split(' ')[0])).toEqual(['public.event', 'public.visit']);
    const one = await workspace.run(['status', '--table', 'visit']);
    expect(one.stdout).not.toContain('public.event');
    expect(one.stdout).toMatch(
      /\nPARTITION +STATE +FROM +TO +ROWS +SIZE\npublic\.visit_2025_03 +attached +2025-03-01T00:00:00Z +2025-04-01T00:00:00Z/,
    );
    expect(one.stdout).toMatch(/attached, current/);
    expect(one.stdout).toMatch(/\napp: the last run of provision began at 20\S+ and went well\.\n/);
    expect(all.stdout).not.toContain('the last run');
    await database.query("UPDATE partitiond.run SET outcome = 'failed'");
    expect((await workspace.run(['status'])).stdout).toMatch(/\napp: the last run of provision began at 20\S+ and failed\.\n/);
  });

  it('prints as JSON what GET /api/v1/status answers', async () => {
    await using database = await createDatabase();
    using workspace = new Workspace();
    await createMonthly(database, 'event', '2025-03-01', 1);
    workspace.configure(configurationText(database.url, { 'public.event': 'interval: 1 month' }));
    const { exitCode, stdout } = await workspace.run(['status', '--json']);
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      databases: [
        {
          database: 'app',
          now: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
          paused: null,
          error: null,
          runs: [],
          tables: [
            {
              table: 'public.event',
              interval: '1 month',
              partitionCount: 1,
              partitions: [
                { partition: 'public.event_2025_03', state: 'attached', from: '2025-03-01T00:00:00Z', to: '2025-04-01T00:00:00Z' },
              ],
            },
          ],
        },
      ],
    });
  });
});
