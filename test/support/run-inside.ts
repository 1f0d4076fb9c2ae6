import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Io } from '../../src/cli/output/io.ts';
import type { Terminal } from '../../src/cli/output/terminal.ts';
import { runCommand } from '../../src/cli/run-command.ts';
import { systemClock } from '../../src/postgres/clock.ts';
import type { RunResult } from './run-partitiond.ts';

const cwd = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Runs a command line in this process, as main.ts does in one of its own, which takes a second of computing to load: for what is on the way to
 * the program's own death, and for what comes after it. The log goes to stderr of the tests; a configuration of `log: { level: error }` says little.
 */
export async function runInside(args: readonly string[], timeoutMs = 120_000): Promise<RunResult> {
  const [stdout, stderr] = [collect(), collect()];
  const io: Io = {
    stdout: stdout.terminal,
    stderr: stderr.terminal,
    signal: AbortSignal.timeout(timeoutMs),
    onHangup: () => () => undefined,
    clock: systemClock,
    version: '0.0.0',
    environment: {},
    cwd,
    host: `tests/${process.pid}`,
  };
  const exitCode = await runCommand(args, io);
  return { exitCode, signal: null, stdout: stdout.text(), stderr: stderr.text() };
}

function collect(): { readonly terminal: Terminal; readonly text: () => string } {
  let all = '';
  const write = (text: string): void => {
    all += text;
  };
  const stream = new Writable({
    write: (chunk: unknown, _encoding, done) => {
      write(String(chunk));
      done();
    },
  });
  return { terminal: { write, stream, isInteractive: false, hasColors: false }, text: () => all };
}
