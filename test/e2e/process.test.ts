import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { createDatabase } from '../support/database.ts';
import { waitForLockWaiter } from '../support/wait-for-lock.ts';
import { createMonthly, partitionNames } from './support/sample.ts';
import { configurationText, Workspace } from './support/workspace.ts';

const program = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

describe('the process', () => {
  it('does its work when nobody reads its output to the end', async () => {
    await using database = await createDatabase();
    using workspace = new Workspace();
    await createMonthly(database, 'event', '2025-03-01', 1);
    workspace.configure(configurationText(database.url, { 'public.event': 'interval: 1 month, premake: 60' }));
    const child = spawn('sh', ['-c', '"$1" "$2" plan --sql | head -n 1; "$1" "$2" apply | head -c 1', 'sh', process.execPath, program], {
      cwd: workspace.folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.stdout.resume();
    await once(child, 'close');
    expect(stderr).not.toMatch(/EPIPE|PD9\d\d| {4}at /);
    expect((await partitionNames(database, 'public.event')).length).toBeGreaterThan(60);
  });

  it('ends at a second signal without waiting for the database', async () => {
    await using database = await createDatabase();
    using workspace = new Workspace();
    await createMonthly(database, 'event', '2025-03-01', 1);
    workspace.configure(
      configurationText(database.url, { 'public.event': 'interval: 1 month' }, 'safety: { lockTimeout: 1s, lockBudget: 60s }'),
    );
    const holder = await database.client();
    await holder.query('BEGIN; LOCK TABLE public.event IN SHARE UPDATE EXCLUSIVE MODE');
    await using running = workspace.start(['apply']);
    await waitForLockWaiter(database, (lock) => lock.applicationName === 'partitiond:apply');
    // SIGSTOP makes both signals pending, so that the first cannot have been answered before the second comes.
    running.signal('SIGSTOP');
    running.signal('SIGINT');
    running.signal('SIGTERM');
    running.signal('SIGCONT');
    expect([130, 143]).toContain((await running.exited).exitCode);
    await holder.query('ROLLBACK');
  });

  it('prints neither colours nor a progress bar into a pipe', async () => {
    await using database = await createDatabase();
    using workspace = new Workspace();
    await createMonthly(database, 'event', '2025-03-01', 1);
    workspace.configure(configurationText(database.url, { 'public.event': 'interval: 1 month, premake: 10' }));
    const { stdout, stderr } = await workspace.run(['apply'], { env: { FORCE_COLOR: '' } });
    expect(stdout + stderr).not.toContain('\u001b');
  });
});
