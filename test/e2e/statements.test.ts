import { describe, expect, it } from 'vitest';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { createMonthly } from './support/sample.ts';
import { configurationText, Workspace } from './support/workspace.ts';

async function recordStatements(database: TestDatabase): Promise<void> {
  await createMonthly(database, 'event', '2025-01-01', 3);
  await database.query('CREATE EXTENSION pg_stat_statements');
  await database.query("SELECT\n  count(*)\nFROM public.event\nWHERE id = 4711 AND '\u001b[31m' <> 'secret-note'");
}

describe('partitiond statements', () => {
  it('prints what ran on managed tables, what it touches, why and what to write instead', async () => {
    await using database = await createDatabase();
    using workspace = new Workspace();
    await recordStatements(database);
    workspace.configure(configurationText(database.url, { 'public.event': 'interval: 1 month' }));
    const text = await workspace.run(['statements']);
    expect(text).toMatchObject({ exitCode: 0, stderr: '' });
    const [heading, columns, line, ...details] = text.stdout.split('\n');
    expect(heading).toMatch(/^app: 1 statement on managed tables since 20\S+Z, by total time\.$/);
    expect(columns).toMatch(/^ *TIME +CALLS +MEAN +TABLE +TOUCHES +VERDICT +STATEMENT$/);
    expect(line).toMatch(/ms +1 +\S+ ms +public\.event +3 of 3 +touches-all +SELECT count\(\*\) FROM public\.event WHERE id = \$1/);
    expect(details.join('\n')).toMatch(/^\ntouches-all public\.event: SELECT .*\n {2}why: Nothing is said of .*\n {2}fix: Add a condition/);
    expect(text.stdout).not.toMatch(/4711|secret-note/);
    const first = await workspace.run(['statements', '--limit', '1']);
    expect(first.stdout).toContain(', by total time; --limit shows more than 1.\n');
    const json = await workspace.run(['statements', '--json', '--table', 'public.event', '--limit', '1']);
    expect(JSON.parse(json.stdout)).toEqual({
      databases: [
        {
          database: 'app',
          error: null,
          obstacle: null,
          since: expect.stringMatching(/^20\S+Z$/),
          statements: [
            {
              queryId: expect.stringMatching(/^-?\d+$/),
              text: 'SELECT\n  count(*)\nFROM public.event\nWHERE id = $1 AND $2 <> $3',
              calls: 1,
              totalMs: expect.any(Number),
              table: 'public.event',
              touched: 3,
              total: 3,
              verdict: 'touches-all',
              reason: { kind: 'no-condition', message: expect.stringMatching(/\.$/), fix: expect.stringMatching(/\.$/) },
              problem: null,
            },
          ],
          remarks: [],
        },
      ],
    });
  });

  it('says of a statement that LIMIT stops what that means, and nothing more of one that prunes', async () => {
    await using database = await createDatabase();
    using workspace = new Workspace();
    await createMonthly(database, 'event', '2025-01-01', 3);
    await database.query('CREATE EXTENSION pg_stat_statements');
    await database.query('SELECT id FROM public.event LIMIT 3');
    await database.query("SELECT id FROM public.event WHERE occurred_at = '2025-01-02'");
    workspace.configure(configurationText(database.url, { 'public.event': 'interval: 1 month' }));
    const { stdout } = await workspace.run(['statements']);
    expect(stdout).toMatch(/ \? of 3 +prunes-when-run +SELECT id FROM public\.event LIMIT \$1\n/);
    expect(stdout.match(/^ {2}why: .*$/gm)).toEqual([expect.stringContaining('LIMIT stops that as soon as it has its rows')]);
  });

  it('leaves out what partitiond itself runs', async () => {
    await using database = await createDatabase();
    using workspace = new Workspace();
    await createMonthly(database, 'event', '2025-01-01', 3);
    await database.query('CREATE TABLE public.event_default PARTITION OF public.event DEFAULT; CREATE EXTENSION pg_stat_statements');
    workspace.configure(configurationText(database.url, { 'public.event': 'interval: 1 month, defaultPartition: keep' }));
    for (const command of ['apply', 'check', 'status', 'probe', 'advise', 'statements']) await workspace.run([command]);
    const json: unknown = JSON.parse((await workspace.run(['statements', '--json'])).stdout);
    expect(json).toMatchObject({ databases: [{ obstacle: null, statements: [] }] });
  });

  it('says how to get pg_stat_statements where it is not, and exits 0', async () => {
    await using database = await createDatabase();
    using workspace = new Workspace();
    workspace.configure(configurationText(database.url, { 'public.event': 'interval: 1 month' }));
    const text = await workspace.run(['statements']);
    expect(text).toMatchObject({ exitCode: 0, stderr: '' });
    expect(text.stdout).toMatch(/^app: pg_stat_statements is not installed in database .*CREATE EXTENSION pg_stat_statements;/);
    const json: unknown = JSON.parse((await workspace.run(['statements', '--json'])).stdout);
    expect(json).toMatchObject({ databases: [{ obstacle: expect.stringContaining('CREATE EXTENSION'), statements: [] }] });
  });

  it('exits 3 without a database, 64 for a limit that is none', async () => {
    await using database = await createDatabase();
    using workspace = new Workspace();
    workspace.configure(
      configurationText(database.url.replace(database.name, 'no_such_database'), { 'public.event': 'interval: 1 month' }),
    );
    expect((await workspace.run(['statements'])).exitCode).toBe(3);
    const wrong = await workspace.run(['statements', '--limit', '0']);
    expect(wrong.exitCode).toBe(64);
    expect(wrong.stderr).toContain('--limit "0" is no whole number from 1 to 1000');
  });

  it('lets no text of the database speak to the terminal', async () => {
    await using database = await createDatabase();
    using workspace = new Workspace();
    await createMonthly(database, 'event', '2025-01-01', 1);
    await database.query('CREATE EXTENSION pg_stat_statements');
    await database.query('SELECT id AS "\u001b[31mred" FROM public.event');
    workspace.configure(configurationText(database.url, { 'public.event': 'interval: 1 month' }));
    const { stdout } = await workspace.run(['statements']);
    expect(stdout).toContain('SELECT id AS "\\u001b[31mred" FROM public.event');
    expect(stdout).not.toContain('\u001b');
  });
});
