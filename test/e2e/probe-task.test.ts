import { describe, expect, it } from 'vitest';
import { anyPorts, startDaemon } from '../support/daemon.ts';
import { createDatabase } from '../support/database.ts';
import { policyFile } from '../support/policy-file.ts';

const labels = 'database="app",schema="public",table="events"';
const ofProbe = `${labels},probe="current-interval"`;
const events = '{ table: public.events, interval: 1 month, premake: 3 }';

function schedules(probe: string): string {
  return `${anyPorts}\nschedules: { provision: "0 0 1 1 *", retention: off, maintenance: off, index: off, probe: ${probe}, collect: "*/2 * * * * *" }`;
}

describe('the probes of the daemon', () => {
  it('turn missed when pruning is switched off, and met again when it is not', async () => {
    await using database = await createDatabase();
    await database.query('CREATE TABLE public.events (id int8, at timestamptz NOT NULL) PARTITION BY RANGE (at)');
    using file = policyFile(database, [events], schedules('"* * * * * *"'));
    await using daemon = await startDaemon(file.path);
    // A pass may come before the first partition.
    await daemon.waitForSample(`probe_partitions_scanned{${ofProbe}}`, 1);
    const met = await daemon.scrape();
    expect(met.get(`probe_success{${ofProbe}}`)).toBe(1);
    expect(met.get(`probe_partitions_allowed{${ofProbe}}`)).toBe(1);
    expect(met.get(`probe_planning_seconds{${ofProbe}}`)).toBeGreaterThan(0);
    expect(Math.abs((met.get(`probe_last_run_timestamp_seconds{${ofProbe}}`) ?? 0) - Date.now() / 1_000)).toBeLessThan(60);
    expect(met.has(`probe_execution_seconds{${ofProbe}}`)).toBe(false);
    expect(met.get(`probe_runs_total{${ofProbe},outcome="missed"}`)).toBe(0);
    expect(met.get('task_last_success_timestamp_seconds{database="app",task="probe"}')).toBeGreaterThan(0);
    await daemon.waitForSample(`probe_runs_total{${ofProbe},outcome="met"}`, (count) => count >= 2);

    await database.query(`ALTER DATABASE ${database.name} SET enable_partition_pruning = off`);
    await daemon.waitForSample(`probe_success{${ofProbe}}`, 0);
    const missed = await daemon.scrape();
    expect(missed.get(`probe_partitions_scanned{${ofProbe}}`)).toBe(4);
    expect(missed.get(`probe_runs_total{${ofProbe},outcome="missed"}`)).toBeGreaterThanOrEqual(1);
    expect(await daemon.waitForLog('probe missed')).toMatchObject({
      level: 'warn',
      database: 'app',
      table: 'public.events',
      probe: 'current-interval',
      reason: 'pruning-off',
    });

    await database.query(`ALTER DATABASE ${database.name} RESET enable_partition_pruning`);
    await daemon.waitForSample(`probe_success{${ofProbe}}`, 1);
    expect(await daemon.waitForLog('probe met again')).toMatchObject({ level: 'info', table: 'public.events', probe: 'current-interval' });
    const warnings = daemon.log().filter((line) => line['msg'] === 'probe missed' && line['level'] === 'warn');
    expect(warnings).toHaveLength(1);
    expect((await daemon.scrape()).get('task_runs_total{database="app",task="probe",outcome="failed"}')).toBe(0);
  });

  it('run when somebody asks, also during a pause, and are there from the first scrape of the next leader on', async () => {
    await using database = await createDatabase();
    await database.query('CREATE TABLE public.events (id int8, at timestamptz NOT NULL) PARTITION BY RANGE (at)');
    using file = policyFile(database, [events], schedules('"0 0 1 1 *"'));
    const order = async (admin: string): Promise<unknown> => {
      const answer = await fetch(`${admin}/-/run?task=probe`, { method: 'POST' });
      return [answer.status, await answer.json()];
    };
    let before: ReadonlyMap<string, number>;
    {
      await using first = await startDaemon(file.path);
      await first.waitForSample(`probe_runs_total{${ofProbe},outcome="met"}`, 1);
      await first.waitForSample('task_in_progress{database="app",task="probe"}', 0);
      expect(await order(first.admin)).toEqual([202, { task: 'probe', databases: [{ database: 'app', answer: 'accepted' }] }]);
      await first.waitForSample(`probe_runs_total{${ofProbe},outcome="met"}`, 2);
      // It only reads, so a pause is no obstacle.
      await fetch(`${first.admin}/-/pause?reason=test`, { method: 'POST' });
      await first.waitForSample('paused{database="app"}', 1);
      await first.waitForSample('task_in_progress{database="app",task="probe"}', 0);
      expect(await order(first.admin)).toEqual([202, { task: 'probe', databases: [{ database: 'app', answer: 'accepted' }] }]);
      await first.waitForSample(`probe_runs_total{${ofProbe},outcome="met"}`, 3);
      await first.waitForSample('task_in_progress{database="app",task="probe"}', 0);
      await fetch(`${first.admin}/-/resume`, { method: 'POST' });
      before = await first.scrape();
    }
    // A new leader makes partitions before it probes, and here it must wait for that.
    const [last] = await database.query<{ name: string }>('SELECT max(inhrelid::regclass::text) AS name FROM pg_inherits');
    await database.query(`DROP TABLE ${last?.name}`);
    const blocker = await database.client();
    await blocker.query('BEGIN; LOCK TABLE public.events IN SHARE UPDATE EXCLUSIVE MODE');
    await using second = await startDaemon(file.path);
    const lastRun = `probe_last_run_timestamp_seconds{${ofProbe}}`;
    await second.waitForSample(lastRun, before.get(lastRun) ?? -1);
    const restored = await second.scrape();
    expect(restored.get(`probe_success{${ofProbe}}`)).toBe(1);
    expect(restored.get(`probe_runs_total{${ofProbe},outcome="met"}`)).toBe(0);
    expect(restored.get('task_last_run_timestamp_seconds{database="app",task="probe"}')).toBe(restored.get(lastRun));
    await blocker.query('ROLLBACK');
    await second.waitForSample(lastRun, (at) => at > (before.get(lastRun) ?? Number.POSITIVE_INFINITY));
  });
});
