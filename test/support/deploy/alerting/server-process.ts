import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { waitFor } from '../../wait-for.ts';

/** An outside server on loopback; `await using` ends it. */
export interface ServerProcess extends AsyncDisposable {
  /** What it has logged, to be shown when something is amiss. */
  readonly log: string;
}

/** Whatever a test leaves behind ends with the test process, when its scope did not end it already. */
const alive = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

/** Starts a server that has nothing to lose, and waits until `readyUrl` answers 200. Throws with its log when it ends before. */
export async function startServerProcess(path: string, args: readonly string[], readyUrl: string): Promise<ServerProcess> {
  const child = spawn(path, [...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  alive.add(child);
  const ended = once(child, 'close');
  let log = '';
  let hasEnded = false;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      log = (log + text).slice(-20_000);
    });
  }
  child.once('close', () => {
    hasEnded = true;
    alive.delete(child);
  });
  const dispose = async (): Promise<void> => {
    child.kill('SIGKILL');
    if (!hasEnded) await ended;
  };
  const isReady = async (): Promise<boolean> => {
    if (hasEnded) return true;
    return (await fetch(readyUrl).catch(() => null))?.status === 200;
  };
  try {
    await waitFor(`${path} to be ready`, isReady, (ready) => ready, { timeoutMs: 60_000, pollMs: 50 });
    if (hasEnded) throw new Error(`${path} ended at once`);
  } catch (error) {
    await dispose();
    throw new Error(`${String(error)}\n${log}`, { cause: error });
  }
  return {
    get log() {
      return log;
    },
    [Symbol.asyncDispose]: dispose,
  };
}
