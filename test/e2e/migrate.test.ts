import { describe, expect, it } from 'vitest';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import type { RunResult } from '../support/run-partitiond.ts';
import { waitFor } from '../support/wait-for.ts';
import { configurationText, Workspace } from './support/workspace.ts';

const tables = {
  'public.revenues':
    'interval: 3 months, defaultPartition: keep, migration: { partitionKey: occurred_at, strategy: copy, copy: { pace: 0, workers: 1 }, waive: unique-without-key }',
  'public.behavioral_event': 'interval: 1 month, migration: { partitionKey: created_at, copy: { pace: 0 }, waive: unique-without-key }',
  'public.plain': 'interval: 1 month',
};

async function makeTables(database: TestDatabase): Promise<void> {
  await database.query(`
    CREATE TABLE public.revenues (
      id bigserial PRIMARY KEY,
      org_id integer NOT NULL,
      occurred_at timestamptz NOT NULL,
      amount numeric(12,2) NOT NULL DEFAULT 0,
      note text
    );
    CREATE INDEX revenues_org ON public.revenues (org_id, occurred_at);
    INSERT INTO public.revenues (org_id, occurred_at, amount, note)
      SELECT n % 100, now() - n * interval '1 hour', n, 'row ' || n FROM generate_series(1, 5000) AS n;
    CREATE TABLE public.behavioral_event (
      id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      user_id bigint NOT NULL,
      created_at timestamptz NOT NULL,
      payload jsonb NOT NULL DEFAULT '{}'
    );
    INSERT INTO public.behavioral_event (user_id, created_at, payload)
      SELECT n % 50, now() - n * interval '20 minutes', jsonb_build_object('n', n) FROM generate_series(1, 5000) AS n;
    ANALYZE`);
}

/** Both tables' rows, in an order of their own, as one number. */
async function digest(database: TestDatabase, table: string): Promise<unknown> {
  const [row] = await database.query(`SELECT count(*) AS rows, sum(hashtextextended(t::text, 0)) AS hash FROM ${table} AS t`);
  return row;
}

/** What it printed, of a command that must succeed. */
async function ok(result: Promise<RunResult>): Promise<string> {
  const { exitCode, stdout, stderr } = await result;
  if (exitCode !== 0) throw new Error(`exit code ${exitCode}\n${stdout}\n${stderr}`);
  return stdout;
}

describe('partitiond migrate', () => {
  it.each([
    [['migrate'], /needs an action: plan, start.*PD001[\s\S]*Usage: partitiond migrate ACTION/],
    [['migrate', 'stat', '--table', 'public.revenues'], /no action "stat"; did you mean start\?|did you mean status\?/],
    [['migrate', 'plan'], /give --table NAME, once.*PD003/],
    [['migrate', 'plan', '--table', 'public.revenue'], /did you mean public\.revenues\?.*PD005/],
    [['migrate', 'plan', '--table', 'public.revenues', '--yes'], /plan has no option --yes; finish has it.*PD002/],
    [['migrate', 'start', '--table', 'public.revenues', '--until', 'switched'], /no phase that start can reach; there are prepare.*PD003/],
    [['migrate', 'finish', '--table', 'public.revenues'], /after which there is no rollback, and drops the old table after.*--yes.*PD008/],
  ])('%#: refuses %j with exit code 64 before it connects', async (args, message) => {
    using workspace = new Workspace();
    workspace.configure(configurationText('postgresql://nobody@127.0.0.1:1/none', tables));
    const { exitCode, stdout, stderr } = await workspace.run(args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 64, stdout: '' });
    expect(stderr).toMatch(message);
  });

  it('names the missing block of a table that is to stay as it is', async () => {
    using workspace = new Workspace();
    workspace.configure(configurationText('postgresql://nobody@127.0.0.1:1/none', tables));
    const { exitCode, stderr } = await workspace.run(['migrate', 'plan', '--table', 'public.plain']);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/table public\.plain: has no block `migration`; add `migration: \{ partitionKey: COLUMN \}`/);
  });

  it('lists the GRANTs that a role lacks among the refusals of a plan', async () => {
    await using database = await createDatabase();
    using workspace = new Workspace();
    await makeTables(database);
    const role = await database.createRole('guest');
    workspace.configure(configurationText(role.url, tables));
    const { exitCode, stdout } = await workspace.run(['migrate', 'plan', '--table', 'public.revenues']);
    expect(exitCode).toBe(4);
    expect(stdout).toContain(`ALTER TABLE public.revenues OWNER TO ${role.name};`);
    expect(stdout).toContain(`GRANT SELECT ON public.revenues TO ${role.name};`);
    expect(stdout).toContain(`CREATE SCHEMA "partitiond" AUTHORIZATION ${role.name};`);
  });

  it('plans without a trace, migrates, switches, goes back, switches again and finishes', async () => {
    await using database = await createDatabase();
    using workspace = new Workspace();
    await makeTables(database);
    workspace.configure(configurationText(database.url, tables));
    const migrate = (action: string, ...rest: readonly string[]) =>
      workspace.run(['migrate', action, '--table', 'public.revenues', ...rest]);
    await database.query(`CREATE TABLE public.orgs (id integer PRIMARY KEY); INSERT INTO public.orgs SELECT generate_series(0, 99);
      ALTER TABLE public.revenues ADD CONSTRAINT org FOREIGN KEY (org_id) REFERENCES public.orgs`);
    const before = await digest(database, 'public.revenues');

    expect(await migrate('status')).toMatchObject({
      exitCode: 4,
      stderr: expect.stringMatching(/No migration of public\.revenues.*PD601/),
    });
    expect(await ok(migrate('plan'))).toContain('public.revenues: can be migrated');
    expect(await database.query(`SELECT FROM pg_namespace WHERE nspname = 'partitiond'`)).toEqual([]);

    expect(JSON.parse(await ok(migrate('start', '--until', 'backfill', '--json')))).toMatchObject({
      table: 'public.revenues',
      phase: 'backfill',
      progress: 1,
      rowsCopied: 5000,
      live: 'source',
    });
    await database.query(`UPDATE public.revenues SET note = 'changed' WHERE id % 10 = 0; DELETE FROM public.revenues WHERE id = 7`);
    expect(JSON.parse(await ok(migrate('start', '--json')))).toMatchObject({
      phase: 'ready',
      backlogRows: 0,
      verdict: { mismatches: 0 },
      next: 'partitiond migrate switch --table public.revenues',
    });
    const expected = await digest(database, 'public.revenues');
    expect(expected).not.toEqual(before);
    expect(await digest(database, 'public.revenues_partitioned')).toEqual(expected);

    expect((await migrate('rollback')).stderr).toMatch(/phase ready.*no switch to take back/);
    expect(await migrate('plan')).toMatchObject({
      exitCode: 4,
      stdout: '',
      stderr: expect.stringMatching(/under way, in phase ready.*PD601/),
    });
    const [{ partition } = { partition: '' }] = await database.query<{ partition: string }>(
      'SELECT tableoid::regclass::text AS partition FROM public.revenues_partitioned WHERE id = 11',
    );
    const asEngine = (sql: string) =>
      database.query(`BEGIN; SELECT set_config('partitiond.migration', id::text, true) FROM partitiond.migration; ${sql}; COMMIT`);
    expect(await ok(migrate('verify', '--partition', partition))).toMatch(/: \d\S* k? ?rows compared, 0 differ\.\n$/);
    await asEngine('DELETE FROM public.revenues_partitioned WHERE id = 11');
    const differing = await migrate('verify', '--partition', `public.${partition}`, '--json');
    expect({ exitCode: differing.exitCode, ...JSON.parse(differing.stdout) }).toMatchObject({ exitCode: 4, mismatches: 1 });
    await asEngine('INSERT INTO public.revenues_partitioned SELECT * FROM ONLY public.revenues WHERE id = 11');
    expect(await migrate('verify', '--partition', 'nope')).toMatchObject({
      exitCode: 4,
      stderr: expect.stringMatching(/public\.nope.*PD638/),
    });
    await ok(migrate('verify'));
    expect(await ok(migrate('switch', '--rehearse'))).toContain('rolled back');
    await ok(migrate('switch'));
    expect(await database.query(`SELECT relkind FROM pg_class WHERE oid = 'public.revenues'::regclass`)).toEqual([{ relkind: 'p' }]);
    expect((await migrate('abort')).stderr).toMatch(/migrate rollback/);
    await database.query(`INSERT INTO public.revenues (org_id, occurred_at, note) VALUES (1, now(), 'after the switch')`);
    const moved = await digest(database, 'public.revenues');

    await ok(migrate('rollback'));
    expect(await database.query(`SELECT relkind FROM pg_class WHERE oid = 'public.revenues'::regclass`)).toEqual([{ relkind: 'r' }]);
    expect(await digest(database, 'public.revenues')).toEqual(moved);
    expect(await database.query(`SELECT convalidated AS valid FROM pg_constraint WHERE conname = 'org'`)).toEqual([{ valid: true }]);
    await ok(migrate('verify'));
    await ok(migrate('switch'));
    expect(JSON.parse(await ok(migrate('finish', '--yes', '--drop-now', '--json')))).toMatchObject({ phase: 'finished', next: null });
    for (const action of ['verify', 'rollback'])
      expect(await migrate(action)).toMatchObject({ exitCode: 4, stderr: expect.stringMatching(/in phase finished: it is over.*PD601/) });
    expect(await migrate('start')).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('nothing to do') });
    expect(await digest(database, 'public.revenues')).toEqual(moved);
    const left = await database.query(`SELECT relname FROM pg_class WHERE relname ~ 'unpartitioned|capture_'`);
    expect(left).toEqual([]);
  });

  it('refuses with all reasons at once, and aborts to where it began', async () => {
    await using database = await createDatabase();
    using workspace = new Workspace();
    await makeTables(database);
    workspace.configure(configurationText(database.url, tables));
    const migrate = (action: string, ...rest: readonly string[]) =>
      workspace.run(['migrate', action, '--table', 'public.behavioral_event', ...rest]);
    await database.query('CREATE MATERIALIZED VIEW public.daily AS SELECT count(*) FROM public.behavioral_event');
    const refused = await migrate('plan');
    expect(refused).toMatchObject({ exitCode: 4, stdout: expect.stringContaining('public.daily') });
    expect(await migrate('start')).toMatchObject({ exitCode: 4, stdout: '', stderr: expect.stringContaining('public.daily') });
    expect(await database.query(`SELECT FROM pg_namespace WHERE nspname = 'partitiond'`)).toEqual([]);
    await database.query('DROP MATERIALIZED VIEW public.daily');

    await ok(migrate('start', '--until', 'prepare'));
    expect(await ok(migrate('abort'))).toContain('aborted');
    const left = await database.query(
      `SELECT relname FROM pg_class WHERE relname LIKE 'behavioral_event_%' AND relkind IN ('r', 'p')
       UNION ALL SELECT tgname FROM pg_trigger WHERE NOT tgisinternal`,
    );
    expect(left).toEqual([]);
    // Over, so that another one may begin.
    await ok(migrate('start', '--until', 'prepare', '--json'));
  });

  it('waits outside its window, keeps others out, says so in the status, and ends where the next one goes on', async () => {
    await using database = await createDatabase();
    using workspace = new Workspace();
    await makeTables(database);
    const later = new Date(Date.now() + 6 * 3_600_000).toISOString().slice(11, 13);
    const window = `{ days: mon-sun, from: "${later}:00", to: "${later}:30" }`;
    const entry = `interval: 1 month, migration: { partitionKey: created_at, waive: unique-without-key, window: [${window}] }`;
    workspace.configure(configurationText(database.url, { 'public.behavioral_event': entry }));
    const args = (action: string, ...rest: readonly string[]) => ['migrate', action, '--table', 'public.behavioral_event', ...rest];

    const running = workspace.start(args('start'));
    await running.waitForLine('stderr', /migration waits.*window|window.*migration waits/);
    expect(await workspace.run(args('start'))).toMatchObject({ exitCode: 5, stderr: expect.stringMatching(/Another process runs.*PD307/) });
    await waitFor(
      'the brake in the status',
      async () => JSON.parse(await ok(workspace.run(args('status', '--json')))),
      (status) => status.brakes.includes('window'),
    );
    const watching = workspace.start(args('status', '--watch'));
    await watching.waitForLine('stdout', /^ {2}held by +.*window/);
    watching.signal('SIGINT');
    expect(await watching.exited).toMatchObject({ exitCode: 0, stderr: '' });
    running.signal('SIGINT');
    expect(await running.exited).toMatchObject({ exitCode: 4, stdout: '', stderr: expect.stringContaining('Interrupted') });
    expect(JSON.parse(await ok(workspace.run(args('status', '--json'))))).toMatchObject({
      phase: 'backfill',
      paused: null,
      live: 'source',
    });

    await ok(workspace.run(['pause', 'load test']));
    expect(await workspace.run(args('start'))).toMatchObject({ exitCode: 4, stderr: expect.stringMatching(/load test.*PD603/) });
    await ok(workspace.run(['resume']));
    const again = workspace.start(args('start'));
    await again.waitForLine('stderr', /migration waits/);
    await database.query('ALTER TABLE public.behavioral_event ADD COLUMN extra int');
    expect(await again.exited).toMatchObject({
      exitCode: 4,
      stderr: expect.stringMatching(/is paused.*definition.*column extra was added\. Undo.*migrate abort.*PD602/),
    });
    expect(await ok(workspace.run(args('status')))).toMatch(/backfill, paused \(definition\)\n[\s\S]*migrate start --table/);
    expect(await ok(workspace.run(args('abort')))).toMatch(/aborted\n(?![\s\S]*verdict)/);
    // Nothing is left to watch.
    expect(await ok(workspace.run(args('status', '--watch')))).toMatch(/^public\.behavioral_event: aborted\n(?: {2}.*\n)+$/);
  });
});
