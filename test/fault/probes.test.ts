import { expect, it } from 'vitest';
import { startCluster } from '../support/cluster.ts';
import { anyPorts, startDaemon } from '../support/daemon.ts';
import { createDatabase } from '../support/database.ts';
import { policyFile } from '../support/policy-file.ts';
import { waitFor } from '../support/wait-for.ts';

/** /livez fails when a leader has not confirmed its lock for 30 s: longer than that. */
const downMs = 35_000;

it('stays alive and ready while the database that it led is stopped, does not say that it leads, and leads again afterwards', async () => {
  await using cluster = await startCluster();
  await using database = await createDatabase(cluster.url);
  await database.query('CREATE TABLE public.events (id int8, at timestamptz NOT NULL) PARTITION BY RANGE (at)');
  using file = policyFile(database, ['{ table: public.events, interval: 1 month, premake: 1 }'], anyPorts);
  await using daemon = await startDaemon(file.path);
  await daemon.waitForSample('task_runs_total{database="app",task="collect",outcome="ok"}', 1);

  await cluster.stop();
  const stoppedAt = performance.now();
  const answers = new Set<string>();
  await waitFor(
    'half a minute and more without a database',
    async () => {
      for (const path of ['/livez', '/readyz', '/metrics']) answers.add(`${path} ${(await fetch(daemon.http + path)).status}`);
      return performance.now() - stoppedAt;
    },
    (ms) => ms >= downMs,
    { timeoutMs: downMs * 2, pollMs: 200 },
  );
  expect([...answers].toSorted()).toEqual(['/livez 200', '/metrics 200', '/readyz 200']);
  const samples = await daemon.scrape();
  expect(samples.get('database_up{database="app"}')).toBe(0);
  expect(samples.get('leader{database="app"}')).toBe(0);
  expect([...samples.keys()].filter((sample) => /^(table|task|steps|partition|catalog)_/.test(sample))).toEqual([]);

  await cluster.start();
  await daemon.waitForSample('leader{database="app"}', 1, { timeoutMs: 60_000 });
  await daemon.waitForSample('leader_epoch{database="app"}', 2);
});
