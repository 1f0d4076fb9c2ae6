import { spawn } from 'node:child_process';
import { once } from 'node:events';

/**
 * Waits for the end of the pipe from us, then stops the server and removes its folder: however we ended, SIGKILL and a crash included.
 * In a process group of its own, so that the terminal's Ctrl-C reaches us first and the daemon can stop before its database does.
 */
const script = `
trap '' INT TERM HUP
cat > /dev/null
pid=$(head -n 1 "$1/data/postmaster.pid" 2> /dev/null)
if [ -n "$pid" ]; then
  kill -INT "$pid" 2> /dev/null
  tries=0
  while kill -0 "$pid" 2> /dev/null && [ "$tries" -lt 100 ]; do sleep 0.1; tries=$((tries + 1)); done
fi
rm -rf "$1"
`;

export interface Guardian {
  /** Stops the server, removes the folder, and returns when both are gone. */
  dismiss(): Promise<void>;
}

/** Watches over the server whose folder, with `data` in it, is `folder`. */
export function postGuardian(folder: string): Guardian {
  const shell = spawn('sh', ['-c', script, 'sh', folder], { cwd: '/', detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  const exited = once(shell, 'exit');
  shell.stdin.on('error', () => undefined);
  return {
    dismiss: async () => {
      shell.stdin.end();
      await exited;
    },
  };
}
