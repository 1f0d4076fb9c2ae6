import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { createDatabase } from '../support/database.ts';
import { catalogFingerprint } from './support/catalog-fingerprint.ts';
import { createMonthly, partitionNames } from './support/sample.ts';
import { configurationText, Workspace } from './support/workspace.ts';

const now = '2025-03-10T12:00:00Z';
const monthly = { 'public.event': 'interval: 1 month, premake: 2, retention: { keep: 2 months, action: detach }' };

describe('plan', () => {
  it('prints the JSON of the contract', async () => {
    await using database = await createDatabase();
    using workspace = new Workspace();
    await createMonthly(database, 'event', '2024-12-01', 4);
    workspace.configure(configurationText(database.url, monthly));
    const { exitCode, stdout, stderr } = await workspace.run(['plan', '--json', '--now', now]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const create = (month: number): unknown => ({
      kind: 'create-partition',
      partition: `public.event_2025_0${month}`,
      from: `2025-0${month}-01T00:00:00Z`,
      to: `2025-0${month + 1}-01T00:00:00Z`,
      reason: expect.stringMatching(/\w/),
      destructive: false,
      locks: expect.arrayContaining([{ relation: 'public.event', mode: 'ShareUpdateExclusiveLock' }]),
      sql: expect.arrayContaining([expect.stringMatching(/^CREATE TABLE public\.event_2025/), expect.stringMatching(/ATTACH PARTITION/)]),
    });
    expect(JSON.parse(stdout)).toEqual({
      now,
      tables: [
        {
          database: 'app',
          table: 'public.event',
          steps: [
            create(4),
            create(5),
            {
              kind: 'detach-partition',
              partition: 'public.event_2024_12',
              from: '2024-12-01T00:00:00Z',
              to: '2025-01-01T00:00:00Z',
              reason: expect.stringMatching(/\w/),
              destructive: true,
              locks: expect.arrayContaining([{ relation: 'public.event', mode: 'ShareUpdateExclusiveLock' }]),
              sql: [expect.stringMatching(/DETACH PARTITION public\.event_2024_12 CONCURRENTLY/)],
            },
          ],
          findings: [],
          error: null,
        },
      ],
    });
  });

  it('says in words what would be done, and that nothing would', async () => {
    await using database = await createDatabase();
    using workspace = new Workspace();
    await createMonthly(database, 'event', '2025-01-01', 5);
    workspace.configure(configurationText(database.url, monthly));
    const idle = await workspace.run(['plan', '--now', now]);
    expect(idle).toMatchObject({ exitCode: 0, stdout: '1 table planned: nothing to do; no findings.\n', stderr: '' });
    const due = await workspace.run(['plan', '--now', '2025-04-10']);
    expect(due.stdout).toMatch(/create public\.event_2025_06 from 2025-06-01/);
    expect(due.stdout).toMatch(/detach public\.event_2025_01 concurrently/);
    expect(due.stdout).toMatch(/1 table planned: 1 create-partition, 1 detach-partition; no findings\.\n$/);
    expect(due.stdout).not.toContain('\u001b');
  });

  it('exits 1 with --exit-code when there are steps, and 0 when there are none', async () => {
    await using database = await createDatabase();
    using workspace = new Workspace();
    await createMonthly(database, 'event', '2025-01-01', 5);
    workspace.configure(configurationText(database.url, monthly));
    expect((await workspace.run(['plan', '--exit-code', '--now', now])).exitCode).toBe(0);
    expect((await workspace.run(['plan', '--exit-code', '--now', '2025-04-10'])).exitCode).toBe(1);
    expect((await workspace.run(['plan', '--exit-code', '--now', '2025-04-10', '--json'])).exitCode).toBe(1);
  });

  it('changes nothing, not even the journal', async () => {
    await using database = await createDatabase();
    using workspace = new Workspace();
    await createMonthly(database, 'event', '2024-12-01', 4);
    workspace.configure(configurationText(database.url, monthly));
    const before = await catalogFingerprint(database);
    for (const args of [['plan'], ['plan', '--sql'], ['plan', '--json'], ['check'], ['status'], ['status', '--json']]) {
      expect(await workspace.run(args)).toMatchObject({ stderr: '' });
    }
    expect(await catalogFingerprint(database)).toEqual(before);
  });

  it('prints SQL that a client can run statement by statement, with locks and reasons before each', async () => {
    await using database = await createDatabase();
    using workspace = new Workspace();
    await createMonthly(database, 'event', '2024-12-01', 4);
    workspace.configure(configurationText(database.url, monthly));
    const { exitCode, stdout } = await workspace.run(['plan', '--sql', '--now', now]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/-- ShareUpdateExclusiveLock on public\.event: .+\n[^-].*ATTACH PARTITION/);
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    try {
      // As psql reads it: a statement ends with a semicolon at the end of a line.
      for (const statement of stdout.split(/;\n/)) await client.query(statement);
    } finally {
      await client.end();
    }
    const left = ['event_2025_01', 'event_2025_02', 'event_2025_03', 'event_2025_04', 'event_2025_05'];
    expect(await partitionNames(database, 'public.event')).toEqual(left);
    expect((await workspace.run(['plan', '--exit-code', '--now', now])).exitCode).toBe(0);
  });

  it('plans only the tables and databases that are named, and refuses unknown ones with exit code 64', async () => {
    await using database = await createDatabase();
    using workspace = new Workspace();
    await createMonthly(database, 'event', '2025-03-01', 1);
    await createMonthly(database, 'visit', '2025-03-01', 1);
    workspace.configure(configurationText(database.url, { 'public.event': 'interval: 1 month', 'public.visit': 'interval: 1 month' }));
    const one = await workspace.run(['plan', '--json', '--table', 'visit']);
    expect(JSON.parse(one.stdout).tables.map((entry: { table: string }) => entry.table)).toEqual(['public.visit']);
    const both = await workspace.run(['plan', '--json', '--table', 'visit', '--table', 'PUBLIC.Event', '--database', 'app']);
    expect(JSON.parse(both.stdout).tables.map((entry: { table: string }) => entry.table)).toEqual(['public.event', 'public.visit']);
    const wrongTable = await workspace.run(['plan', '--table', 'public.evnt']);
    expect(wrongTable.exitCode).toBe(64);
    expect(wrongTable.stderr).toMatch(/no table public\.evnt in app; did you mean public\.event\?.*PD005/);
    const wrongDatabase = await workspace.run(['plan', '--database', 'ap']);
    expect(wrongDatabase.exitCode).toBe(64);
    expect(wrongDatabase.stderr).toMatch(/no database "ap"; did you mean app\?.*PD005/);
  });

  it('goes on with the other databases when one is unreachable (4), and exits 3 when all are', async () => {
    await using database = await createDatabase();
    using workspace = new Workspace();
    await createMonthly(database, 'event', '2025-03-01', 1);
    const down = '\n  - { name: down, url: "postgresql://nobody:secret@127.0.0.1:1/none", tables: [{ table: t, interval: 1 month }] }\n';
    workspace.configure(configurationText(database.url, monthly) + down);
    const some = await workspace.run(['plan']);
    expect(some.exitCode).toBe(4);
    expect(some.stdout).toContain('create public.event_');
    expect(some.stderr).toMatch(/database down: Could not connect.*PD201/);
    expect(some.stderr).not.toContain('secret');
    const json = await workspace.run(['plan', '--json']);
    expect(JSON.parse(json.stdout).tables).toMatchObject([
      { database: 'app', error: null },
      { database: 'down', table: 'public.t', steps: [], findings: [], error: expect.stringContaining('PD201') },
    ]);
    for (const command of ['plan', 'check', 'status', 'apply', 'pause', 'resume']) {
      const all = await workspace.run([command, '--database', 'down']);
      expect({ command, exitCode: all.exitCode }).toEqual({ command, exitCode: 3 });
      expect(all.stderr).toMatch(/PD201/);
    }
  });
});
