import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type WaitOptions, waitFor } from './wait-for.ts';

const program = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

export interface RunOptions {
  /** Added to a bare environment: nothing of the caller's PG* or PARTITIOND_* variables comes through. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Written to stdin, which is then closed; empty by default. */
  readonly input?: string;
  /** For one-shots: 60 s by default, then SIGKILL and an error with the output so far. */
  readonly timeoutMs?: number;
}

/** How a process ended, and all it printed. */
export interface RunResult {
  /** Null when a signal ended it. */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that is still running; `await using` kills it at the end of the test. */
export interface RunningProgram {
  readonly pid: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Whether it has, and all output was read. */
  readonly hasEnded: boolean;
  /** Resolves when it has ended and all output is read; never rejects. */
  readonly exited: Promise<RunResult>;
  signal(name: NodeJS.Signals): void;
  /** Waits for a line of stdout or stderr that matches; returns the match. Throws at the deadline, or when the program has ended without. */
  waitForLine(stream: 'stdout' | 'stderr', pattern: RegExp, options?: WaitOptions): Promise<RegExpMatchArray>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Runs the built program to its end. */
export async function runPartitiond(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const { timeoutMs = 60_000 } = options;
  const running = startPartitiond(args, options);
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    running.signal('SIGKILL');
  }, timeoutMs);
  const result = await running.exited;
  clearTimeout(timer);
  if (isLate) throw new Error(`partitiond ${args.join(' ')} ran for more than ${timeoutMs} ms.\n${printed(result)}`);
  return result;
}

/** Starts the built program under this Node, or under the one that `PARTITIOND_TEST_NODE` names. */
export function startPartitiond(args: readonly string[], options: RunOptions = {}): RunningProgram {
  if (!existsSync(program)) throw new Error('The program is not built: dist/main.js is missing. Run: npm run build');
  const node = process.env['PARTITIOND_TEST_NODE'] ?? process.execPath;
  const child = spawn(node, [program, ...args], {
    cwd: options.cwd,
    env: { ...inherited(), ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  return new Program(child, args);
}

function inherited(): NodeJS.ProcessEnv {
  const names = ['PATH', 'HOME', 'TMPDIR', 'NODE_COMPILE_CACHE'];
  return Object.fromEntries(names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])));
}

/** Whatever a test leaves behind ends with the test process, when its scope did not end it already. */
const alive = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

class Program implements RunningProgram {
  stdout = '';
  stderr = '';
  readonly exited: Promise<RunResult>;
  readonly #child: ChildProcess;
  readonly #args: readonly string[];
  #hasEnded = false;

  constructor(child: ChildProcess, args: readonly string[]) {
    this.#child = child;
    this.#args = args;
    alive.add(child);
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.exited = new Promise((resolve) => {
      const end = (exitCode: number | null, signal: NodeJS.Signals | null): void => {
        alive.delete(child);
        this.#hasEnded = true;
        resolve({ exitCode, signal, stdout: this.stdout, stderr: this.stderr });
      };
      child.once('close', end);
      child.once('error', (error) => {
        this.stderr += String(error);
        end(null, null);
      });
    });
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  get pid(): number {
    const pid = this.#child.pid;
    if (pid === undefined) throw new Error('The program did not start.');
    return pid;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  async waitForLine(stream: 'stdout' | 'stderr', pattern: RegExp, options: WaitOptions = {}): Promise<RegExpMatchArray> {
    const look = (): { readonly match: RegExpMatchArray | null; readonly hasEnded: boolean } => ({
      hasEnded: this.#hasEnded,
      match: completeLines(this[stream], this.#hasEnded).reduce<RegExpMatchArray | null>(
        (found, line) => found ?? line.match(pattern),
        null,
      ),
    });
    const { timeoutMs = 20_000 } = options;
    const seen = await waitFor(`the line ${pattern} on ${stream}`, look, ({ match, hasEnded }) => match !== null || hasEnded, {
      ...options,
      timeoutMs,
    }).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${printed(this)}`, { cause: error });
    });
    if (seen.match === null)
      throw new Error(`partitiond ${this.#args.join(' ')} ended without the line ${pattern} on ${stream}.\n${printed(this)}`);
    return seen.match;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.exited;
  }
}

function completeLines(text: string, hasEnded: boolean): readonly string[] {
  const lines = text.split('\n');
  return hasEnded ? lines : lines.slice(0, -1);
}

function printed(output: { readonly stdout: string; readonly stderr: string }): string {
  return `stdout:\n${output.stdout.slice(-4000)}\nstderr:\n${output.stderr.slice(-4000)}`;
}
