import { describe, expect, it } from 'vitest';
import { anyPorts, startDaemon } from '../support/daemon.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { policyFile } from '../support/policy-file.ts';
import { runPartitiond, startPartitiond } from '../support/run-partitiond.ts';

const events = '{ table: public.events, interval: 1 month, premake: 3, retention: { keep: 12 months, action: detach } }';
const labels = 'database="app",schema="public",table="events"';
const rarely = 'schedules: { provision: "0 0 1 1 *", retention: "0 0 1 1 *", maintenance: off, index: off, collect: "*/2 * * * * *" }';

async function createEvents(database: TestDatabase): Promise<void> {
  await database.query('CREATE TABLE public.events (id int8, at timestamptz NOT NULL, email text) PARTITION BY RANGE (at)');
}

describe('the log of the daemon', () => {
  it('tells of a step that failed with run, database, table, step, SQL, duration and SQLSTATE, and holds neither password nor row data', async () => {
    await using database = await createDatabase();
    await createEvents(database);
    await database.query(`CREATE TABLE public.events_default PARTITION OF public.events DEFAULT;
      INSERT INTO public.events VALUES (4711000815, now() - interval '30 months', 'planted-row@example.com');
      CREATE TABLE public.secrets (email text UNIQUE);
      INSERT INTO public.secrets VALUES ('planted-detail@example.com');
      CREATE FUNCTION public.collide() RETURNS event_trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF EXISTS (SELECT FROM pg_event_trigger_ddl_commands() WHERE schema_name = 'public') THEN
          INSERT INTO public.secrets VALUES ('planted-detail@example.com');
        END IF;
      END $$;
      CREATE EVENT TRIGGER collide ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION public.collide()`);
    const role = await database.createRole('daemon', 'SUPERUSER');
    using file = policyFile(database, [events], `${anyPorts}\n${rarely}`, role.url);
    await using daemon = await startDaemon(file.path);
    const failed = await daemon.waitForLog('step failed');
    expect(failed).toMatchObject({
      level: 'warn',
      database: 'app',
      table: 'public.events',
      step: 'create-partition',
      code: 'PD501',
      sqlstate: '23505',
      runId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      durationMs: expect.any(Number),
      lockWaitMs: expect.any(Number),
    });
    expect(String(failed['sql'])).toContain('CREATE TABLE');
    await daemon.waitForSample('task_runs_total{database="app",task="provision",outcome="failed"}', 1);
    await daemon.waitForSample('task_runs_total{database="app",task="collect",outcome="ok"}', (count) => count >= 1);
    // A connection that is refused speaks of passwords.
    await database.query(`ALTER ROLE "${role.name}" PASSWORD 'another'`);
    await daemon.waitForLog('task failed');
    daemon.program.signal('SIGTERM');
    await daemon.program.exited;
    const everything = daemon.program.stderr + daemon.program.stdout;
    expect(everything).not.toContain(role.password);
    expect(everything).not.toContain('planted');
    expect(everything).not.toContain('4711000815');
    for (const line of daemon.program.stderr.trimEnd().split('\n'))
      expect(JSON.parse(line)).toMatchObject({ level: expect.any(String), msg: expect.any(String) });
  });

  it('is for people where the configuration says so', async () => {
    await using database = await createDatabase();
    await createEvents(database);
    const pretty = anyPorts.replace('level: debug', 'level: info, format: pretty');
    using file = policyFile(database, [events], `${pretty}\n${rarely}`);
    await using program = startPartitiond(['run', '--config', file.path]);
    await program.waitForLine('stderr', /INFO.*step done.*"step":"create-partition"/, { timeoutMs: 30_000 });
  });
});

describe('what a leader has done', () => {
  it('is in the series of the next one from their start, though that one did nothing yet', async () => {
    await using database = await createDatabase();
    await createEvents(database);
    using file = policyFile(database, [events], `${anyPorts}\n${rarely}`);
    const created = `steps_total{${labels},step="create-partition",outcome="ok"}`;
    const success = 'task_last_success_timestamp_seconds{database="app",task="provision"}';
    const tableSuccess = `table_last_success_timestamp_seconds{${labels},task="provision"}`;
    let before: ReadonlyMap<string, number>;
    {
      await using first = await startDaemon(file.path);
      // They go side by side, and neither waits for the other.
      for (const task of ['provision', 'retention', 'collect']) {
        await first.waitForSample(`task_runs_total{database="app",task="${task}",outcome="ok"}`, (count) => count >= 1);
      }
      before = await first.scrape();
      await runPartitiond(['pause', 'so that the next leader does nothing', '--config', file.path]);
      first.program.signal('SIGKILL');
      await first.program.exited;
    }
    expect(before.get(created)).toBe(4);
    await using second = await startDaemon(file.path);
    await second.waitForSample('paused{database="app"}', 1, { timeoutMs: 60_000 });
    const after = await second.scrape();
    expect(after.get(created)).toBe(4);
    // To the clock of the process and to that of the server it is not quite the same moment.
    expect(Math.abs((after.get(success) ?? 0) - (before.get(success) ?? 0))).toBeLessThan(5);
    expect(Math.abs((after.get(tableSuccess) ?? 0) - (before.get(tableSuccess) ?? 0))).toBeLessThan(5);
    expect(after.get('task_runs_total{database="app",task="provision",outcome="ok"}')).toBe(0);
  });
});

describe('a pause of the daemon', () => {
  it('is made up for within a collection of its end', async () => {
    await using database = await createDatabase();
    await createEvents(database);
    using file = policyFile(database, [events], `${anyPorts}\n${rarely}`);
    // The journal must be there before the pause can be written down.
    await runPartitiond(['apply', '--config', file.path]);
    await database.query('DROP TABLE public.events');
    await createEvents(database);
    await runPartitiond(['pause', 'an upgrade', '--config', file.path]);
    await using daemon = await startDaemon(file.path);
    await daemon.waitForSample('task_runs_total{database="app",task="retention",outcome="skipped"}', 1);
    await daemon.waitForSample('paused{database="app"}', 1);
    expect((await runPartitiond(['status', '--config', file.path])).stdout).toContain('app is paused by');
    await runPartitiond(['resume', '--config', file.path]);
    await daemon.waitForSample('task_runs_total{database="app",task="provision",outcome="ok"}', 1);
    await daemon.waitForSample('task_runs_total{database="app",task="retention",outcome="ok"}', 1);
    expect((await daemon.waitForLog('task catches up'))['reason']).toBe('work was paused');
  });
});
