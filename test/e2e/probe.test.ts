import { copyFileSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { waitFor } from '../support/wait-for.ts';
import { createMonthly } from './support/sample.ts';
import { configurationText, Workspace } from './support/workspace.ts';

const example = new URL('../../examples/one-million-organizations/', import.meta.url);

/** A daemon's file must not disturb others: no ports, and no task but the one that is asked for. */
const onlyProbes = 'http: { port: 0 }\nadmin: { port: 0 }\nschedules: { provision: off, retention: off, maintenance: off, index: off }\n';

interface Printed {
  readonly databases: readonly { readonly database: string; readonly error: string | null; readonly probes: readonly PrintedProbe[] }[];
}

interface PrintedProbe {
  readonly probe: string;
  readonly outcome: string;
  readonly error: string | null;
  readonly problems: readonly string[];
}

function probesOf(stdout: string): readonly PrintedProbe[] {
  const printed: Printed = JSON.parse(stdout);
  return printed.databases.flatMap(({ probes }) => probes);
}

/** The keys of a table with these probes, in YAML's flow style. */
function withProbes(...probes: readonly Readonly<Record<string, unknown>>[]): string {
  return `interval: 1 month, probes: ${JSON.stringify(probes)}`;
}

/** Six months in six partitions with a row each, read by nobody else. */
async function createEvents(database: TestDatabase): Promise<void> {
  await createMonthly(database, 'event', '2025-01-01', 6);
  await database.query("INSERT INTO event SELECT 1, d FROM generate_series(timestamptz '2025-01-15', '2025-06-15', '1 month') AS d");
}

const march = { sql: "SELECT * FROM public.event WHERE occurred_at >= '2025-03-01' AND occurred_at < '2025-04-01'" };
const inFunction = { sql: "SELECT * FROM public.event WHERE date_trunc('month', occurred_at) = '2025-03-01'" };

describe('examples/one-million-organizations', () => {
  it('meets its probes on the partitions and indexes that apply makes', async () => {
    await using database = await createDatabase();
    using workspace = new Workspace();
    const env = { DATABASE_URL: database.url };
    await database.query(readFileSync(new URL('schema.sql', example), 'utf8'));
    copyFileSync(new URL('partitiond.yaml', example), `${workspace.folder}/partitiond.yaml`);
    expect(await workspace.run(['apply'], { env, timeoutMs: 180_000 })).toMatchObject({ exitCode: 0 });
    const page = readFileSync(new URL('README.md', example), 'utf8');
    const [, data = ''] = page.match(/^```sql\n([\s\S]*?)^```$/m) ?? [];
    await database.query(data.replace('generate_series(1, 1000)', 'generate_series(1, 50)'));
    await database.query('ANALYZE revenues');

    const text = await workspace.run(['probe'], { env });
    // The superuser of the test runs them, and the example has no role for its probes.
    expect(text).toMatchObject({ exitCode: 0, stderr: expect.stringMatching(/^Warning: \w+: [^\n]*`probeRole`[^\n]*\n$/) });
    const [heading = '', ...lines] = text.stdout.split('\n');
    expect(heading).toMatch(/^DATABASE +TABLE +PROBE +OUTCOME +SCANNED +ALLOWED +PLANNING +EXECUTION +BUFFERS$/);
    const cells = lines.slice(0, 5).map((line) => line.split(/ {3,}/).slice(1, 6));
    const total = expect.stringMatching(/^1 of \d\d$/);
    expect(cells).toEqual([
      ['public.revenues', 'daily-report', 'met', total, '1'],
      ['public.revenues', 'monthly-report', 'met', total, '1'],
      ['public.revenues', 'yearly-report', 'met', expect.stringMatching(/^4 of \d\d$/), '4'],
      ['public.revenues', 'cross-organization', 'met', total, '1'],
      ['public.expenses', 'current-interval', 'met', total, '1'],
    ]);
    expect(text.stdout.endsWith('\n5 probes: 5 met.\n')).toBe(true);
  }, 300_000);
});

describe('probe', () => {
  it('exits 1 for one that cannot prune, and says why and what to write', async () => {
    await using database = await createDatabase();
    using workspace = new Workspace();
    await createEvents(database);
    const probes = [
      { name: 'bounds', ...march, expect: { partitions: 1 } },
      { name: 'in-function', ...inFunction, expect: { partitions: 1 } },
    ];
    workspace.configure(configurationText(database.url, { 'public.event': withProbes(...probes) }));
    const text = await workspace.run(['probe']);
    expect(text).toMatchObject({ exitCode: 1, stderr: '' });
    expect(text.stdout).toMatch(/^app +public\.event +bounds +met +1 of 6 +1 +\d+\.\d+ ms +- +-$/m);
    expect(text.stdout).toMatch(/^app +public\.event +in-function +missed +6 of 6 +1 +\d+\.\d+ ms +- +-$/m);
    expect(text.stdout).toMatch(/^app, public\.event, in-function\n {2}\S/m);
    expect(text.stdout).toMatch(/date_trunc\('month'/);
    expect(text.stdout).not.toContain('app, public.event, bounds');
    expect(text.stdout).toMatch(/\n2 probes: 1 met, 1 missed\.\n$/);

    const detailed = await workspace.run(['probe', '--table', 'event', '--probe', 'bounds']);
    expect(detailed).toMatchObject({ exitCode: 0, stderr: '' });
    expect(detailed.stdout).toMatch(/^app, public\.event, bounds\n {2}\S/m);
    expect(detailed.stdout).toContain('event_2025_03');
    expect(detailed.stdout).not.toContain('in-function');

    const json = await workspace.run(['probe', '--json']);
    expect(json).toMatchObject({ exitCode: 1, stderr: '' });
    const common = { table: 'public.event', isAutomatic: false, error: null, total: 6, allowed: 1, executionMs: null, buffers: null };
    const pruned = ['01', '02', '04', '05', '06'].map((month) => `public.event_2025_${month}`);
    expect(JSON.parse(json.stdout)).toEqual({
      databases: [
        {
          database: 'app',
          error: null,
          probes: [
            {
              ...common,
              probe: 'bounds',
              sql: march.sql,
              ranAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
              outcome: 'met',
              problems: [],
              scanned: 1,
              planningMs: expect.any(Number),
              touched: {
                scanned: ['public.event_2025_03'],
                pruned,
                neverExecuted: [],
                removedAtStart: 0,
                scannedLeaves: 1,
                totalLeaves: 6,
                isUnasked: false,
              },
              unpruned: null,
              plan: expect.anything(),
            },
            expect.objectContaining({
              ...common,
              probe: 'in-function',
              outcome: 'missed',
              problems: [expect.stringMatching(/\w/)],
              scanned: 6,
              touched: expect.objectContaining({ pruned: [], scannedLeaves: 6 }),
              unpruned: { kind: 'function-on-key', message: expect.stringContaining('date_trunc'), fix: expect.stringMatching(/\w/) },
            }),
          ],
        },
      ],
    });
    expect(json.stdout).toContain('"Node Type"');
  });

  it('keeps what is wrong with one to that one, and runs the others', async () => {
    await using database = await createDatabase();
    using workspace = new Workspace();
    await createEvents(database);
    const expectation = { expect: { partitions: 1 } };
    const wrong: readonly (readonly [string, Readonly<Record<string, unknown>>, RegExp])[] = [
      ['syntax', { sql: 'SELEC 1' }, /syntax error at or near "SELEC" \(SQLSTATE 42601\)/],
      ['several', { sql: 'SELECT 1; DELETE FROM public.event' }, /holds 2 statements; write one/],
      ['write', { sql: 'DELETE FROM public.event' }, /is a statement DELETE; a probe is one query/],
      ['run-write', { sql: 'DELETE FROM public.event', analyze: true }, /is a statement DELETE; a probe is one query/],
      [
        'write-inside',
        { sql: 'WITH gone AS (DELETE FROM public.event RETURNING 1) SELECT * FROM gone' },
        /has DELETE, and a probe only reads/,
      ],
      ['write-behind', { sql: "SELECT nextval('public.counter')", analyze: true }, /nextval\(\) in a read-only transaction/],
      [
        'get-out',
        { sql: "SELECT set_config('transaction_read_only', 'off', true)", analyze: true },
        /read-write mode must be set before any query/,
      ],
      ['no-query', { sql: 'VACUUM public.event' }, /is a statement VACUUM/],
      ['no-table', { sql: 'SELECT * FROM public.nowhere' }, /relation "public.nowhere" does not exist/],
      ['no-param', { sql: 'SELECT * FROM public.event WHERE id = $1' }, /uses \$1, but its `params` hold 0 values/],
      ['extra-param', { sql: 'SELECT * FROM public.event', params: [1] }, /hold 1 value, but its `sql` uses no parameter/],
      ['bad-param', { sql: 'SELECT * FROM public.event WHERE occurred_at > $1', params: ['soon'] }, /SQLSTATE 22007; a value of `params`/],
      ['boom', { sql: 'SELECT pg_terminate_backend(pg_backend_pid())', analyze: true }, /connection was lost while the probe ran/],
      ['too-long', { sql: 'SELECT pg_sleep(60)', analyze: true, timeout: '100ms' }, /not done within its `timeout` of 100 ms/],
    ];
    await database.query('CREATE SEQUENCE public.counter');
    const probes = wrong.map(([name, probe]) => ({ name, ...probe, ...expectation }));
    const last = { name: 'last', ...march, ...expectation };
    workspace.configure(configurationText(database.url, { 'public.event': withProbes(...probes, last) }));

    const json = await workspace.run(['probe', '--json']);
    expect(json.exitCode).toBe(4);
    expect(json.stderr).toMatch(
      /^Warning: app: Probes that are run \(`analyze: true`\) have the rights of \w+, a superuser: .*`probeRole`.*\n$/,
    );
    const printed = probesOf(json.stdout);
    expect(printed.map(({ probe, outcome }) => [probe, outcome])).toEqual([...wrong.map(([name]) => [name, 'failed']), ['last', 'met']]);
    for (const [index, [name, , problem]] of wrong.entries()) {
      expect({ name, error: printed[index]?.error }).toEqual({ name, error: expect.stringMatching(problem) });
      expect(printed[index]?.error).toMatch(/\(PD\d{3}\)$/);
    }
    const text = await workspace.run(['probe']);
    expect(text.exitCode).toBe(4);
    expect(text.stdout).toMatch(/\n15 probes: 1 met, 14 failed\.\n$/);
    for (const [name] of wrong) expect(text.stdout).toMatch(new RegExp(`^app, public\\.event, ${name}\\n {2}\\S`, 'm'));
    expect(await database.query('SELECT count(*)::int AS rows FROM event')).toEqual([{ rows: 6 }]);
    expect(await database.query('SELECT is_called FROM counter')).toEqual([{ is_called: false }]);
  });

  it('runs them as the role that they should run as', async () => {
    await using database = await createDatabase();
    using workspace = new Workspace();
    await createEvents(database);
    const role = await database.createRole('reports');
    const probe = { name: 'bounds', ...march, expect: { partitions: 1 } };
    const text = configurationText(database.url, { 'public.event': withProbes(probe) });
    workspace.configure(text.replace('    tables:', `    probeRole: ${role.name}\n    tables:`));
    const refused = await workspace.run(['probe', '--json']);
    expect(refused.exitCode).toBe(4);
    expect(probesOf(refused.stdout)).toMatchObject([{ outcome: 'failed', error: expect.stringContaining('permission denied') }]);
    await database.query(`GRANT SELECT ON public.event TO ${role.name}`);
    expect((await workspace.run(['probe'])).exitCode).toBe(0);
  });

  it('says nothing to the terminal that a name or a statement has in it', async () => {
    await using database = await createDatabase();
    using workspace = new Workspace();
    const table = '"line\nbreak \u001b[31m"';
    await database.query(`CREATE TABLE ${table} (at timestamptz NOT NULL) PARTITION BY RANGE (at)`);
    await database.query(`CREATE TABLE "part \u001b[31m" PARTITION OF ${table} FOR VALUES FROM ('2025-01-01') TO ('2025-02-01')`);
    const probe = { name: 'all', sql: `SELECT *, '\u001b[31m' FROM public.${table}`, expect: { partitions: 0 } };
    workspace.configure(
      configurationText(database.url, { [table]: withProbes(probe, { ...probe, name: 'wrong', sql: 'SELECT "\u001b[31m"' }) }),
    );
    const { exitCode, stdout } = await workspace.run(['probe']);
    expect(exitCode).toBe(4);
    expect(stdout).toContain('all');
    expect(stdout).not.toMatch(/\u001b|\nbreak/);
  });

  it('leaves out what is not asked for, and knows what was meant', async () => {
    await using database = await createDatabase();
    using workspace = new Workspace();
    await createEvents(database);
    await createMonthly(database, 'visit', '2025-01-01', 2);
    const probe = { name: 'bounds', ...march, expect: { partitions: 1 } };
    workspace.configure(configurationText(database.url, { 'public.event': withProbes(probe), 'public.visit': 'interval: 1 month' }));
    const one = await workspace.run(['probe', '--probe', 'bounds', '--json']);
    expect(probesOf(one.stdout).map(({ probe: name }) => name)).toEqual(['bounds']);
    const unknown = await workspace.run(['probe', '--probe', 'bound']);
    expect(unknown.exitCode).toBe(64);
    expect(unknown.stderr).toContain('have no probe "bound"; did you mean bounds?');
  });

  it('exits 3 without a database', async () => {
    using workspace = new Workspace();
    workspace.configure(configurationText('postgres://127.0.0.1:1/nowhere', { 'public.event': 'interval: 1 month' }));
    const json = await workspace.run(['probe', '--json']);
    expect(json.exitCode).toBe(3);
    expect(JSON.parse(json.stdout)).toEqual({ databases: [{ database: 'app', error: expect.stringContaining('PD2'), probes: [] }] });
  });
});

describe('probe --last', () => {
  it('prints what the daemon kept of the last miss, and runs nothing', async () => {
    await using database = await createDatabase();
    using workspace = new Workspace();
    await createEvents(database);
    const probes = [
      { name: 'bounds', ...march, expect: { partitions: 1 } },
      { name: 'in-function', ...inFunction, expect: { partitions: 1 } },
    ];
    workspace.configure(configurationText(database.url, { 'public.event': withProbes(...probes) }, onlyProbes));
    const before = await workspace.run(['probe', '--last']);
    expect(before).toMatchObject({ exitCode: 0, stderr: '' });
    expect(before.stdout).toContain('The journal has no results of these probes yet');
    {
      await using daemon = workspace.start(['run']);
      const kept = (): Promise<unknown[]> => database.query('SELECT FROM partitiond.probe_result');
      await waitFor('two results of probes in the journal', kept, (rows) => rows.length === 2, { timeoutMs: 60_000 });
      daemon.signal('SIGTERM');
      await daemon.exited;
    }
    await database.query('DROP TABLE event CASCADE');
    const text = await workspace.run(['probe', '--last']);
    expect(text).toMatchObject({ exitCode: 0, stderr: '' });
    expect(text.stdout).toMatch(/^app, public\.event, in-function, not met at \d{4}-\d\d-\d\dT\S+Z, which was its last run:\n {2}\S/);
    expect(text.stdout).toContain("date_trunc('month'");
    expect(text.stdout).not.toContain('bounds');
    const met = await workspace.run(['probe', '--last', '--probe', 'bounds']);
    expect(met).toMatchObject({ exitCode: 0, stdout: 'All probes that the daemon has run were met every time.\n' });
    const json = await workspace.run(['probe', '--last', '--json']);
    expect(probesOf(json.stdout)).toMatchObject([
      { probe: 'bounds', outcome: 'met', scanned: 1, total: 6, lastMiss: null },
      { probe: 'in-function', outcome: 'missed', scanned: 6, lastMiss: { report: expect.stringContaining('date_trunc') } },
    ]);
  });
});
