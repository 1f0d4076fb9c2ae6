import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { startDaemon } from '../support/daemon.ts';
import { createDatabase } from '../support/database.ts';
import { createEvents, onlyWhenTold, startLeader } from '../support/deploy/runbooks/broken-table.ts';
import { tryRunbook } from '../support/deploy/runbooks/trial.ts';
import { policyFile } from '../support/policy-file.ts';
import { attachedPartitions } from '../support/reconcile.ts';
import { runPartitiond } from '../support/run-partitiond.ts';
import { waitFor } from '../support/wait-for.ts';
import { waitForLockWaiter } from '../support/wait-for-lock.ts';

const longWait = { timeoutMs: 60_000 };
const table = { 'SCHEMA.TABLE': 'public.events' };
const ahead = '{ table: public.events, interval: 1 month, premake: 3 }';

function numbersIn(text: string): readonly number[] {
  return text.split('\n').map((line) => Number(line.slice(line.lastIndexOf(' ') + 1)));
}

describe('a daemon', () => {
  it('that is down is replaced by apply, and by its next start', async () => {
    await using database = await createDatabase();
    await createEvents(database, 0, 0);
    using file = policyFile(database, [ahead], onlyWhenTold);
    const trial = tryRunbook('PartitiondDown', database, file.path);
    expect(await runPartitiond(['pause', 'x', '--config', file.path])).toMatchObject({ exitCode: 0 });
    expect(await runPartitiond(['resume', '--config', file.path])).toMatchObject({ exitCode: 0 });
    expect(await trial.partitiond('validate')).toMatchObject({ exitCode: 0 });
    expect(await trial.sql('partitiond.run')).toEqual([{ last_run: null, ago: null }]);
    expect((await trial.partitiond('status')).stdout).toMatch(/public\.events +1 month +1 /);
    expect(await trial.partitiond('apply')).toMatchObject({ exitCode: 0 });
    expect(await attachedPartitions(database, 'public.events')).toHaveLength(4);
    expect((await trial.sql('partitiond.run'))[0]?.['ago']).not.toBe(null);
    trial.assertAllTried();
  });

  it('that may not lead says why, and leads once that is mended', async () => {
    await using database = await createDatabase();
    await createEvents(database, 0, 0);
    using file = policyFile(database, [ahead], onlyWhenTold);
    const trial = tryRunbook('PartitiondNoLeader', database, file.path);
    await using drained = await startLeader(file.path);
    const key = await database.query<{ key: string }>(
      "SELECT ((classid::int8 << 32) | objid::int8)::text AS key FROM pg_locks WHERE locktype = 'advisory' AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
    );
    await fetch(`${drained.admin}/-/drain`, { method: 'POST' });
    const told = await trial.curl('/metrics', drained);
    expect(told.text).toContain('partitiond_database_up{database="app"} 1');
    expect(told.text).toContain('partitiond_leadership_refused{database="app",reason="drained"} 1');
    expect(await trial.partitiond('plan')).toMatchObject({ exitCode: 0 });
    expect(await trial.sql('partitiond.leadership')).toEqual([expect.objectContaining({ epoch: '1', is_standby: false })]);
    expect(await trial.sql('pg_locks')).toEqual([]);

    const stray = await database.client({ applicationName: 'stray' });
    await stray.query('SELECT pg_advisory_lock($1)', [key[0]?.key]);
    await using next = await startDaemon(file.path);
    expect(await trial.curl('/-/reload', next)).toMatchObject({ status: 200 });
    const [holder] = await trial.sql<{ pid: number; application_name: string }>('pg_locks');
    expect(holder?.application_name).toBe('stray');
    expect((await next.scrape()).get('leader{database="app"}')).toBe(0);
    trial.learn({ BACKEND_PID: String(holder?.pid) });
    await trial.sql('pg_terminate_backend');
    await next.waitForSample('leader{database="app"}', 1, longWait);
    trial.assertAllTried();
  });

  it('that leads beside another is found by its lock and its journal, and both are stopped by a pause', async () => {
    await using database = await createDatabase();
    await createEvents(database, 0, 0);
    using file = policyFile(database, [ahead], onlyWhenTold);
    using second = policyFile(database, [ahead], onlyWhenTold);
    writeFileSync(second.path, readFileSync(second.path, 'utf8').replace('    tables:', '    schema: other\n    tables:'));
    const trial = tryRunbook('PartitiondMultipleLeaders', database, file.path);
    await using first = await startLeader(file.path);
    {
      await using other = await startLeader(second.path);
      expect(await trial.sql('pg_locks')).toHaveLength(2);
      expect((await trial.sql('relname')).map((row) => String(row['journal'])).toSorted()).toEqual(['other', 'partitiond']);
      expect(await trial.sql('pg_control_system')).toEqual([expect.objectContaining({ epoch: '1', is_standby: false })]);
      expect(await trial.partitiond('pause')).toMatchObject({ exitCode: 0 });
      const [status] = (await first.status()).databases;
      expect(status?.paused).toMatchObject({ reason: 'two leaders' });
      other.program.signal('SIGTERM');
      await other.program.exited;
    }
    expect(await trial.sql('pg_locks')).toHaveLength(1);
    expect(await trial.partitiond('resume')).toMatchObject({ exitCode: 0 });
    trial.assertAllTried();
  });

  it('whose task fails for a lock names who holds it, and goes on without him', async () => {
    await using database = await createDatabase();
    await createEvents(database, 0, 0);
    await database.query('CREATE TABLE public.events_default PARTITION OF public.events DEFAULT');
    using file = policyFile(database, [ahead], onlyWhenTold);
    const trial = tryRunbook('PartitiondTaskStale', database, file.path);
    const holder = await database.client({ applicationName: 'holder' });
    await holder.query('BEGIN; LOCK TABLE public.events IN SHARE MODE');
    await runPartitiond(['apply', '--config', file.path]);
    await runPartitiond(['pause', 'forgotten', '--config', file.path]);

    expect(await trial.sql('partitiond.pause')).toEqual([expect.objectContaining({ reason: 'forgotten' })]);
    expect((await trial.sql('partitiond.run'))[0]).toMatchObject({ outcome: 'failed', failed: ['public.events'] });
    expect((await trial.sql('partitiond.operation'))[0]).toMatchObject({
      task: 'provision',
      error: expect.stringMatching(/lock budget .*\(holder, user /),
    });
    expect(await trial.partitiond('check')).toMatchObject({ exitCode: 0 });
    // A lock counts as held for long after a second.
    const held = await waitFor(
      'the holder',
      () => trial.sql('pg_locks'),
      (rows) => rows.length > 0,
    );
    expect(held).toEqual([expect.objectContaining({ application_name: 'holder' })]);

    expect(await trial.partitiond('resume')).toMatchObject({ exitCode: 0 });
    trial.learn({ BACKEND_PID: String(held[0]?.['pid']) });
    await trial.sql('pg_terminate_backend');
    expect(await trial.partitiond('apply')).toMatchObject({ exitCode: 0 });
    expect(await attachedPartitions(database, 'public.events')).toHaveLength(5);
    await using leader = await startLeader(file.path, ['provision']);
    expect(await trial.curl('task=provision', leader)).toMatchObject({ status: 202 });
    trial.assertAllTried();
  });

  it('that cannot read the catalog takes snapshots again when nobody locks it', async () => {
    await using database = await createDatabase();
    await createEvents(database, 0, 0);
    using file = policyFile(database, [ahead], onlyWhenTold);
    const trial = tryRunbook('PartitiondSnapshotStale', database, file.path);
    await using leader = await startLeader(file.path, ['collect']);
    const taken = async (): Promise<number> => (await leader.scrape()).get('catalog_snapshot_timestamp_seconds{database="app"}') ?? 0;
    const before = await taken();
    const holder = await database.client({ applicationName: 'holder' });
    await holder.query('BEGIN; LOCK TABLE pg_catalog.pg_inherits IN ACCESS EXCLUSIVE MODE');
    const failed = 'task_runs_total{database="app",task="collect",outcome="failed"}';
    expect(await trial.curl('task=collect', leader)).toMatchObject({ status: 202 });
    await leader.waitForSample(failed, (runs) => runs > 0, longWait);

    expect((await trial.curl('collector_success', leader)).text).toContain('collector="catalog"} 0');
    const [blocker] = await trial.sql<{ pid: number; locked: string }>('pg_locks');
    expect(blocker).toMatchObject({ application_name: 'holder', locked: 'pg_inherits', granted: true });
    expect(await taken()).toBe(before);
    trial.learn({ BACKEND_PID: String(blocker?.pid) });
    await trial.sql('pg_terminate_backend');
    // After a failure the task waits a little before it does what it is told.
    await waitFor(
      'a new snapshot',
      async () => {
        await trial.curl('task=collect', leader);
        return await taken();
      },
      (seen) => seen > before,
      { ...longWait, pollMs: 500 },
    );
    trial.assertAllTried();
  });

  it('that has refused a configuration names its problems, and takes the corrected one', async () => {
    await using database = await createDatabase();
    await createEvents(database, 0, 0);
    using file = policyFile(database, [ahead], onlyWhenTold);
    const trial = tryRunbook('PartitiondConfigReloadFailed', database, file.path);
    const good = readFileSync(file.path, 'utf8');
    await using daemon = await startLeader(file.path);
    writeFileSync(file.path, good.replace('premake', 'premade'));
    expect(await trial.curl('/-/reload', daemon)).toMatchObject({ status: 422 });
    await daemon.waitForSample('config_last_reload_successful', 0);
    const problems = await trial.partitiond('validate');
    expect(problems.exitCode).toBe(2);
    expect(problems.stderr).toMatch(/premade.*premake/s);
    writeFileSync(file.path, good);
    expect(await trial.partitiond('validate')).toMatchObject({ exitCode: 0 });
    expect(await trial.curl('/-/reload', daemon)).toMatchObject({ status: 200 });
    expect((await daemon.scrape()).get('config_last_reload_successful')).toBe(1);
    trial.assertAllTried();
  });

  it('whose configuration drifted from the leading one shows it, and agrees once it has loaded the same', async () => {
    await using database = await createDatabase();
    await createEvents(database, 0, 0);
    using file = policyFile(database, [ahead], onlyWhenTold);
    using old = policyFile(database, [ahead.replace('premake: 3', 'premake: 2')], onlyWhenTold);
    const trial = tryRunbook('PartitiondConfigDrift', database, file.path);
    await using leader = await startLeader(file.path);
    await using leftover = await startDaemon(old.path);
    const hashes = async (): Promise<readonly (number | undefined)[]> =>
      await Promise.all([leader, leftover].map(async (one) => numbersIn((await trial.curl('config_(hash', one)).text)[0]));
    const [first, second] = await hashes();
    expect(first).not.toBe(second);
    const [leading] = await trial.sql<{ config_hash: string; config_generation: string }>('policy_hash');
    expect([Number(leading?.config_hash), leading?.config_generation]).toEqual([first, '1']);
    writeFileSync(old.path, readFileSync(file.path, 'utf8'));
    expect(await trial.curl('/-/reload', leftover)).toMatchObject({ status: 200 });
    expect(await hashes()).toEqual([first, first]);
    trial.assertAllTried();
  });

  it('that blocks the application is named with those who wait, and gives way to a drain, a pause or an end', async () => {
    await using database = await createDatabase();
    await createEvents(database, 0, 0);
    using file = policyFile(database, [ahead], onlyWhenTold);
    const trial = tryRunbook('PartitiondBlockingSessions', database, file.path);
    await using leader = await startLeader(file.path, ['provision']);
    // What the daemon never does, a lock without end, under its name.
    const ours = await database.client({ applicationName: 'partitiond:run' });
    await ours.query('BEGIN; LOCK TABLE public.events IN ACCESS EXCLUSIVE MODE');
    const reader = await database.client({ applicationName: 'application' });
    const read = reader.query('SELECT count(*) FROM public.events');
    await waitForLockWaiter(database, (lock) => lock.applicationName === 'application');
    expect(await trial.sql('pg_blocking_pids')).toEqual([
      expect.objectContaining({ application_name: 'partitiond:run', waiting_query: 'SELECT count(*) FROM public.events' }),
    ]);

    expect(await trial.curl('/-/drain', leader)).toMatchObject({ status: 200 });
    expect((await leader.scrape()).get('leader{database="app"}')).toBe(0);
    expect(await trial.partitiond('pause')).toMatchObject({ exitCode: 0 });
    expect((await trial.sql('AS ended')).map((row) => row['ended'])).toContain(true);
    await read;
    expect(await trial.sql('pg_blocking_pids')).toEqual([]);
    expect(await trial.partitiond('resume')).toMatchObject({ exitCode: 0 });
    trial.assertAllTried();
  });

  it('whose probes miss keeps the plan, and meets them again when pruning is on', async () => {
    await using database = await createDatabase();
    await createEvents(database, -1, 3);
    const role = await database.createRole('reports', 'SUPERUSER');
    await database.query(`ALTER ROLE "${role.name}" SET enable_partition_pruning = off`);
    using file = policyFile(database, ['{ table: public.events, interval: 1 month, premake: 3, maintenance: {} }'], onlyWhenTold, role.url);
    const trial = tryRunbook('PartitionPruningRegression', database, file.path, { ...table, ROLE_NAME: `"${role.name}"` });
    {
      await using leader = await startLeader(file.path, ['probe', 'maintenance']);
      await leader.waitForSample('probe_success{database="app",schema="public",table="events",probe="current-interval"}', 0, longWait);
      expect((await trial.partitiond('--last')).stdout).toContain('enable_partition_pruning');
      expect(await trial.partitiond('probe --database')).toMatchObject({ exitCode: 1 });
      expect(await trial.sql('probe_result')).toEqual([expect.objectContaining({ probe: 'current-interval', scanned: '5', allowed: '1' })]);
      const settings = (await trial.sql('pg_db_role_setting')).filter((row) => String(row['role']).includes(role.name));
      expect(settings).toEqual([expect.objectContaining({ datname: null, setting: 'enable_partition_pruning=off' })]);
      await trial.sql('RESET enable_partition_pruning');
      expect(await trial.partitiond('probe --database')).toMatchObject({ exitCode: 0 });
      expect(await trial.curl('task=probe', leader)).toMatchObject({ status: 202 });
      await waitFor(
        'the probe to be met',
        () => trial.sql('probe_result'),
        (rows) => rows.length === 0,
        longWait,
      );
      leader.program.signal('SIGTERM');
      await leader.program.exited;
    }
    expect(await trial.partitiond('apply')).toMatchObject({ exitCode: 0 });
    trial.assertAllTried();
  });
});
