import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/**
 * Stops the server and removes its folder as soon as the pipe to us ends, however we ended: Ctrl-C, SIGKILL and a crash included. A
 * shell, so that it outlives us; its own process group, so that the terminal's Ctrl-C does not reach it.
 */
const script = `
trap '' INT TERM HUP
cat > /dev/null
pid=$(head -n 1 "$1/data/postmaster.pid" 2> /dev/null)
if [ -n "$pid" ]; then
  kill -CONT "$pid" 2> /dev/null
  kill -QUIT "$pid" 2> /dev/null
  tries=0
  while kill -0 "$pid" 2> /dev/null && [ "$tries" -lt 50 ]; do sleep 0.1; tries=$((tries + 1)); done
fi
rm -rf "$1"
`;

export interface Guardian {
  /** Stops the server, removes the folder, and returns when both are gone. */
  dismiss(): Promise<void>;
}

/** Watches over the server whose folder (with `data/` in it) is `folder`. */
export function postGuardian(folder: string): Guardian {
  const shell: ChildProcess = spawn('sh', ['-c', script, 'sh', folder], {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const exited = once(shell, 'exit');
  shell.unref();
  return {
    async dismiss() {
      shell.ref();
      shell.stdin?.end();
      await exited;
    },
  };
}
