import { describe, expect, it } from 'vitest';
import { createDatabase } from '../support/database.ts';
import { waitForLockWaiter } from '../support/wait-for-lock.ts';
import { catalogFingerprint } from './support/catalog-fingerprint.ts';
import { createMonthly, partitionNames } from './support/sample.ts';
import { configurationText, Workspace } from './support/workspace.ts';

const now = ['--now', '2025-03-10T12:00:00Z'];
const policy = 'interval: 1 month, premake: 2';
const retention = 'retention: { keep: 2 months, action: detach }';

interface Applied {
  readonly tables: readonly {
    readonly table: string;
    readonly error: string | null;
    readonly findings: readonly { readonly kind: string }[];
    readonly steps: readonly {
      readonly kind: string;
      readonly partition: string;
      readonly outcome: string;
      readonly error: string | null;
    }[];
  }[];
}

function applied(stdout: string): Applied['tables'] {
  const document: Applied = JSON.parse(stdout);
  return document.tables;
}

/** One line a table: its name and what became of its steps, or its error. */
function outcomesOf(stdout: string): readonly string[] {
  return applied(stdout).map(({ table, error, steps }) => `${table} ${error ?? steps.map((step) => step.outcome).join()}`);
}

describe('apply', () => {
  it('does what was planned, reports each step, and has nothing left to do', async () => {
    await using database = await createDatabase();
    using workspace = new Workspace();
    await createMonthly(database, 'event', '2024-12-01', 4);
    workspace.configure(configurationText(database.url, { 'public.event': `${policy}, ${retention}` }));
    const first = await workspace.run(['apply', '--json', ...now]);
    expect(first.exitCode).toBe(0);
    const [table] = applied(first.stdout);
    expect(table).toMatchObject({ error: null, findings: [] });
    for (const step of table?.steps ?? []) {
      expect(step).toMatchObject({ outcome: 'ok', error: null, durationMs: expect.any(Number), lockWaitMs: expect.any(Number) });
    }
    expect(table?.steps.map((step) => `${step.kind} ${step.partition}`)).toEqual([
      'create-partition public.event_2025_04',
      'create-partition public.event_2025_05',
      'detach-partition public.event_2024_12',
    ]);
    const left = ['event_2025_01', 'event_2025_02', 'event_2025_03', 'event_2025_04', 'event_2025_05'];
    expect(await partitionNames(database, 'public.event')).toEqual(left);
    const who = { who: expect.stringMatching(/^partitiond:apply .+\/\d+$/) };
    expect(await database.query('SELECT DISTINCT who FROM partitiond.operation')).toEqual([who]);
    expect(await database.query('SELECT who FROM partitiond.run')).toEqual([who]);
    expect(await database.query('SELECT holder AS who FROM partitiond.leadership')).toEqual([who]);
    const second = await workspace.run(['apply', ...now]);
    expect(second).toMatchObject({ exitCode: 0, stdout: '1 table: nothing to do; no findings.\n' });
  });

  it('prints one line a step and a summary', async () => {
    await using database = await createDatabase();
    using workspace = new Workspace();
    await createMonthly(database, 'event', '2025-03-01', 1);
    workspace.configure(configurationText(database.url, { 'public.event': policy }));
    const { stdout, exitCode } = await workspace.run(['apply', ...now]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^app public\.event\n {2}ok +create-partition public\.event_2025_04 +\d+ ms/);
    expect(stdout).toMatch(/1 table: steps 2 done; no findings\.\n$/);
  });

  it('takes only the steps of the tasks in --only', async () => {
    await using database = await createDatabase();
    using workspace = new Workspace();
    await createMonthly(database, 'event', '2024-12-01', 4);
    workspace.configure(configurationText(database.url, { 'public.event': `${policy}, ${retention}` }));
    await workspace.run(['apply', '--only', 'provision', ...now]);
    expect(await partitionNames(database, 'public.event')).toContain('event_2024_12');
    await workspace.run(['apply', '--only', 'retention', ...now]);
    expect(await partitionNames(database, 'public.event')).not.toContain('event_2024_12');
  });

  it('refuses more removals than allowed as a whole with exit code 4, and does them with --allow-removals', async () => {
    await using database = await createDatabase();
    using workspace = new Workspace();
    await createMonthly(database, 'event', '2024-10-01', 6);
    const safety = 'safety: { maxRemovals: 2 }';
    workspace.configure(configurationText(database.url, { 'public.event': `${policy}, ${retention}` }, safety));
    const refused = await workspace.run(['apply', '--json', ...now]);
    expect(refused.exitCode).toBe(4);
    const [table] = applied(refused.stdout);
    expect(table?.steps.map((step) => step.outcome)).toEqual(['ok', 'ok', 'refused', 'refused', 'refused']);
    expect(table?.findings).toMatchObject([{ kind: 'removal-budget', message: expect.stringContaining('--allow-removals 3') }]);
    expect(await partitionNames(database, 'public.event')).toHaveLength(8);
    const allowed = await workspace.run(['apply', '--allow-removals', '3', ...now]);
    expect(allowed.exitCode).toBe(0);
    expect(await partitionNames(database, 'public.event')).toHaveLength(5);
  });

  it('does the other tables when one fails, names who blocked it, and exits 4', async () => {
    await using database = await createDatabase();
    using workspace = new Workspace();
    await createMonthly(database, 'blocked', '2025-03-01', 1);
    await createMonthly(database, 'event', '2025-03-01', 1);
    const safety = 'safety: { lockTimeout: 20ms, lockBudget: 300ms }';
    workspace.configure(configurationText(database.url, { 'public.blocked': policy, 'public.event': policy }, safety));
    const holder = await database.client({ applicationName: 'a long vacuum' });
    await holder.query('BEGIN; LOCK TABLE public.blocked IN SHARE UPDATE EXCLUSIVE MODE');
    const { exitCode, stdout, stderr } = await workspace.run(['apply', ...now]);
    await holder.query('ROLLBACK');
    expect(exitCode).toBe(4);
    expect(stdout).toMatch(/failed +create-partition public\.blocked_2025_04[\s\S]*PD401[\s\S]*a long vacuum/);
    expect(stdout).toMatch(/ok +create-partition public\.event_2025_04/);
    expect(stderr).not.toContain('PD901');
    expect(await partitionNames(database, 'public.event')).toHaveLength(3);
  });

  it('exits 0 with mere findings and 4 with a table that cannot be managed', async () => {
    await using database = await createDatabase();
    using workspace = new Workspace();
    await createMonthly(database, 'event', '2025-03-01', 3);
    await database.query(
      "CREATE TABLE public.event_default PARTITION OF public.event DEFAULT; INSERT INTO public.event VALUES (1, '2001-01-01')",
    );
    workspace.configure(configurationText(database.url, { 'public.event': `${policy}, defaultPartition: keep` }));
    const findings = await workspace.run(['apply', ...now]);
    expect(findings.stdout).toContain('rows-in-default');
    expect(findings.exitCode).toBe(0);
    await database.query('CREATE TABLE public.plain (at timestamptz)');
    workspace.configure(configurationText(database.url, { 'public.plain': policy, 'public.event': `${policy}, defaultPartition: keep` }));
    const obstacle = await workspace.run(['apply', ...now]);
    expect(obstacle.stdout).toContain('not-partitioned');
    expect(obstacle.exitCode).toBe(4);
  });

  it('does nothing and exits 5 while another instance leads, and names /-/run', async () => {
    await using database = await createDatabase();
    using workspace = new Workspace();
    await createMonthly(database, 'event', '2025-03-01', 1);
    workspace.configure(configurationText(database.url, { 'public.event': policy }, 'safety: { lockTimeout: 20ms, lockBudget: 60s }'));
    // The first apply leads for as long as it waits for this lock.
    const holder = await database.client();
    await holder.query('BEGIN; LOCK TABLE public.event IN SHARE UPDATE EXCLUSIVE MODE');
    await using leader = workspace.start(['apply', ...now]);
    await waitForLockWaiter(database, (lock) => lock.applicationName === 'partitiond:apply');
    const { exitCode, stdout, stderr } = await workspace.run(['apply', '--json', ...now]);
    expect(exitCode).toBe(5);
    expect(stderr).toMatch(/Another partitiond leads database app.*\/-\/run.*PD301/);
    expect(applied(stdout)).toMatchObject([{ table: 'public.event', steps: [], error: expect.stringContaining('PD301') }]);
    await holder.query('ROLLBACK');
    expect(await leader.exited).toMatchObject({ exitCode: 0 });
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('stops at %s: the step in work is given up, the rest is skipped, exit code 4', async (signal) => {
    await using database = await createDatabase();
    using workspace = new Workspace();
    await createMonthly(database, 'event', '2025-03-01', 1);
    await createMonthly(database, 'visit', '2025-03-01', 1);
    const safety = 'safety: { lockTimeout: 20ms, lockBudget: 60s }';
    workspace.configure(configurationText(database.url, { 'public.event': policy, 'public.visit': policy }, safety));
    const holder = await database.client();
    await holder.query('BEGIN; LOCK TABLE public.event IN SHARE UPDATE EXCLUSIVE MODE');
    await using running = workspace.start(['apply', '--json', ...now]);
    await waitForLockWaiter(database, (lock) => lock.applicationName === 'partitiond:apply');
    running.signal(signal);
    const { exitCode, stdout, stderr } = await running.exited;
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 4, stderr: expect.stringContaining('Interrupted') });
    expect(stderr).not.toContain('PD901');
    expect(outcomesOf(stdout)).toEqual(['public.event skipped,skipped', 'public.visit skipped,skipped']);
    await holder.query('ROLLBACK');
    expect(await partitionNames(database, 'public.event')).toEqual(['event_2025_03']);
    expect(await workspace.run(['apply', ...now])).toMatchObject({ exitCode: 0 });
    expect(await partitionNames(database, 'public.visit')).toHaveLength(3);
  });

  it('says what it had done when it is interrupted', async () => {
    await using database = await createDatabase();
    using workspace = new Workspace();
    await createMonthly(database, 'event', '2025-03-01', 1);
    await createMonthly(database, 'visit', '2025-03-01', 1);
    await createMonthly(database, 'ledger', '2025-03-01', 1);
    const tables = { 'public.event': policy, 'public.visit': policy, 'public.ledger': policy };
    workspace.configure(configurationText(database.url, tables, 'safety: { lockTimeout: 20ms, lockBudget: 60s }'));
    const holder = await database.client();
    await holder.query('BEGIN; LOCK TABLE public.visit IN SHARE UPDATE EXCLUSIVE MODE');
    await using running = workspace.start(['apply', '--json', ...now]);
    await waitForLockWaiter(database, (lock) => lock.applicationName === 'partitiond:apply');
    running.signal('SIGTERM');
    const { exitCode, stdout } = await running.exited;
    expect(exitCode).toBe(4);
    expect(outcomesOf(stdout)).toEqual(['public.event ok,ok', 'public.visit skipped,skipped', 'public.ledger skipped,skipped']);
    await holder.query('ROLLBACK');
    expect(await database.query('SELECT outcome FROM partitiond.run')).toEqual([{ outcome: 'aborted' }]);
  });

  it('changes nothing while paused, and goes on after resume', async () => {
    await using database = await createDatabase();
    using workspace = new Workspace();
    await createMonthly(database, 'event', '2025-03-01', 1);
    workspace.configure(configurationText(database.url, { 'public.event': policy }));
    expect(await workspace.run(['resume'])).toMatchObject({ exitCode: 0, stdout: 'app: was not paused.\n' });
    expect(await workspace.run(['pause', 'first, ask Bob'])).toMatchObject({ exitCode: 0, stdout: 'app: paused.\n' });
    const replaced = await workspace.run(['pause', 'load test, ask Ada']);
    expect(replaced.stdout).toMatch(/^app: paused; was paused by partitiond:pause .*: first, ask Bob; replaced\.\n$/);
    const before = (await catalogFingerprint(database)).filter((line) => line.includes('event'));
    const paused = await workspace.run(['apply', ...now]);
    expect(paused.exitCode).toBe(4);
    expect(paused.stdout).toMatch(/refused +create-partition public\.event_2025_04/);
    expect(paused.stderr).toMatch(/database app is paused by partitiond:pause .+\/\d+ since .*: load test, ask Ada/);
    expect((await catalogFingerprint(database)).filter((line) => line.includes('event'))).toEqual(before);
    expect((await workspace.run(['status'])).stdout).toContain('load test, ask Ada');
    expect(await workspace.run(['resume'])).toMatchObject({ exitCode: 0, stdout: 'app: resumed.\n' });
    expect((await workspace.run(['apply', ...now])).exitCode).toBe(0);
    expect(await partitionNames(database, 'public.event')).toHaveLength(3);
  });
});
