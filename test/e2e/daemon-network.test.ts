import { expect, it } from 'vitest';
import { anyPorts, startDaemon } from '../support/daemon.ts';
import { createDatabase } from '../support/database.ts';
import { startNetwork } from '../support/network.ts';
import { policyFile } from '../support/policy-file.ts';

it('gives up the lead, answers readers and stops in time', async () => {
  await using database = await createDatabase();
  await database.query('CREATE TABLE public.events (id int8, at timestamptz NOT NULL) PARTITION BY RANGE (at)');
  await using network = await startNetwork(database.url);
  using file = policyFile(database, ['{ table: public.events, interval: 1 month }'], anyPorts, network.url);
  await using daemon = await startDaemon(file.path);
  await daemon.waitForSample('task_runs_total{database="app",task="collect",outcome="ok"}', 1);
  network.swallow();
  const before = performance.now();
  expect((await daemon.status()).databases[0]?.error).toMatch(/\w/);
  expect(performance.now() - before).toBeLessThan(30_000);
  await daemon.waitForLog('leadership ended', { timeoutMs: 40_000 });
  await daemon.waitForLog('database unreachable');
  const stopping = performance.now();
  daemon.program.signal('SIGTERM');
  expect((await daemon.program.exited).exitCode).toBe(0);
  expect(performance.now() - stopping).toBeLessThan(10_000);
}, 120_000);
