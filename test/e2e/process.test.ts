import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { createDatabase } from '../support/database.ts';
import { startNetwork } from '../support/network.ts';
import type { RunResult } from '../support/run-partitiond.ts';
import { waitFor } from '../support/wait-for.ts';
import { waitForLockWaiter } from '../support/wait-for-lock.ts';
import { createMonthly } from './support/sample.ts';
import { configurationText, Workspace } from './support/workspace.ts';

const program = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

describe('the process', () => {
  it('does its work when nobody reads its output to the end', async () => {
    await using database = await createDatabase();
    using workspace = new Workspace();
    const two = ['first', 'second'].map(
      (name) => `  - { name: ${name}, url: ${JSON.stringify(database.url)}, schema: ${name}, tables: [{ table: t, interval: 1 day }] }\n`,
    );
    workspace.configure(`databases:\n${two.join('')}`);
    // The first line meets a pipe without reader while the second database is still to come.
    const child = spawn('sh', ['-c', '{ sleep 0.5; "$1" "$2" pause; echo "exit $?" >&2; } | true', 'sh', process.execPath, program], {
      cwd: workspace.folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    await once(child, 'close');
    expect(stderr).toBe('exit 0\n');
    expect(await database.query('SELECT reason FROM first.pause UNION ALL SELECT reason FROM second.pause')).toHaveLength(2);
  });

  it('takes two signals at the same moment, from the terminal and from npm, for one', async () => {
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
    for (const signal of ['SIGSTOP', 'SIGINT', 'SIGTERM', 'SIGCONT'] as const) running.signal(signal);
    const { exitCode, stderr } = await running.exited;
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 4, stderr: expect.stringContaining('Interrupted') });
    await holder.query('ROLLBACK');
  });

  it('ends soon after a signal while a server accepts connections and never says a word', async () => {
    using workspace = new Workspace();
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const address = silent.address();
    const port = address === null || typeof address === 'string' ? 0 : address.port;
    const sockets: Socket[] = [];
    silent.on('connection', (socket) => sockets.push(socket.on('error', () => undefined)));
    workspace.configure(configurationText(`postgresql://me@127.0.0.1:${port}/app`, { 'public.event': 'interval: 1 month' }));
    await using running = workspace.start(['apply']);
    const connected = (): number => sockets.length;
    await waitFor('a connection', connected, (length) => length > 0);
    const signalledAt = performance.now();
    running.signal('SIGTERM');
    expect(await running.exited).toMatchObject({ exitCode: 4 });
    // Far less than the 10 s after which a connection attempt is given up.
    expect(performance.now() - signalledAt).toBeLessThan(9_000);
    for (const socket of sockets) socket.destroy();
    silent.close();
  });

  it('ends at a second signal without waiting for a statement that nobody answers', async () => {
    await using database = await createDatabase();
    await using network = await startNetwork(database.url);
    using workspace = new Workspace();
    await createMonthly(database, 'event', '2025-03-01', 1);
    workspace.configure(
      configurationText(network.url, { 'public.event': 'interval: 1 month' }, 'safety: { lockTimeout: 1s, lockBudget: 60s }'),
    );
    const holder = await database.client();
    await holder.query('BEGIN; LOCK TABLE public.event IN SHARE UPDATE EXCLUSIVE MODE');
    await using running = workspace.start(['apply']);
    await waitForLockWaiter(database, (lock) => lock.applicationName === 'partitiond:apply');
    network.swallow();
    const results: RunResult[] = [];
    const ended = running.exited.then((result) => results.push(result));
    const insist = (): number => {
      running.signal('SIGTERM');
      return results.length;
    };
    await waitFor('the program to end', insist, (length) => length > 0, { pollMs: 100 });
    await ended;
    expect(results).toMatchObject([{ exitCode: 143 }]);
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
