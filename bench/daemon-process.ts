import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

/** What a process that has broken off its connections may still need to be gone. */
const dyingMs = 1_000;

/**
 * How the shipped deployment limits the heap. Small semi-spaces cost a little time and spare 15 to 20 MiB of resident memory, of which an
 * idle follower has no other use (measured: 82 MiB with Node's own 16, 67 MiB with 1).
 */
export const shippedHeap = '--max-old-space-size=160 --max-semi-space-size=2';

/** What the process tells of itself (bench/process-probe.mjs). */
export interface ProcessReading {
  /** Delay of the event loop since the last `reset`, without the timer's own period. */
  readonly loopP99Ms: number;
  readonly loopMaxMs: number;
  readonly memory: NodeJS.MemoryUsage;
  readonly resources: readonly string[];
}

/** A line of the daemon's log and when it was read (`performance.now()`). */
export interface LogLine {
  readonly at: number;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** The built daemon as a process of its own, with the heap limits of the shipped deployment, on free ports of 127.0.0.1, logging at debug. */
export class DaemonProcess {
  readonly #child: ChildProcess;
  readonly #directory: string;
  readonly #lines: LogLine[] = [];
  /** Called with each line, and with null at the end. */
  readonly #waiting = new Set<(line: LogLine | null) => void>();
  #hasEnded = false;

  /** `document` is the configuration without its listeners and log level. Without `isProbed` the process is as it is shipped. */
  static async start(document: string, isProbed = true): Promise<DaemonProcess> {
    const daemon = new DaemonProcess(document, isProbed);
    await daemon.until((line) => line.fields['listener'] === 'admin');
    return daemon;
  }

  private constructor(document: string, isProbed: boolean) {
    this.#directory = mkdtempSync(join(tmpdir(), 'ptd-bench-'));
    const file = join(this.#directory, 'partitiond.yaml');
    const listeners = 'http: { host: 127.0.0.1, port: 0 }\nadmin: { host: 127.0.0.1, port: 0 }';
    writeFileSync(file, `log: { level: debug }\n${listeners}\n${document}`);
    const probe = isProbed ? ['--expose-gc', '--import', new URL('./process-probe.mjs', import.meta.url).href] : [];
    this.#child = spawn(process.execPath, [...probe, 'dist/main.js', 'run', '--config', file], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: { PATH: process.env['PATH'], NODE_OPTIONS: shippedHeap },
    });
    this.#child.once('exit', () => {
      this.#hasEnded = true;
      for (const look of this.#waiting) look(null);
    });
    if (this.#child.stderr !== null) createInterface({ input: this.#child.stderr }).on('line', (text) => this.#read(text));
  }

  get pid(): number {
    return this.#child.pid ?? Number.NaN;
  }

  /** Base URL of a listener. */
  url(listener: 'http' | 'admin'): string {
    return String(this.#lines.find((line) => line.fields['listener'] === listener)?.fields['url']);
  }

  /** The first line that is so, also one that was read before; `from` is an index into the log. Rejects when the daemon ends first. */
  async until(isWanted: (line: LogLine) => boolean, from = 0): Promise<LogLine> {
    const found = this.#lines.slice(from).find(isWanted);
    if (found !== undefined) return found;
    if (this.#hasEnded) throw this.#ended();
    return await new Promise<LogLine>((resolve, reject) => {
      const look = (line: LogLine | null): void => {
        if (line !== null && !isWanted(line)) return;
        this.#waiting.delete(look);
        if (line === null) reject(this.#ended());
        else resolve(line);
      };
      this.#waiting.add(look);
    });
  }

  /** Throws the daemon's last words when it has ended, or ends within moments. */
  async assertAlive(): Promise<void> {
    await delay(dyingMs);
    if (this.#hasEnded) throw this.#ended();
  }

  /** How many lines were read so far. */
  get logLength(): number {
    return this.#lines.length;
  }

  lines(from = 0): readonly LogLine[] {
    return this.#lines.slice(from);
  }

  async request(task: string): Promise<void> {
    await fetch(`${this.url('admin')}/-/run?task=${task}`, { method: 'POST' });
  }

  /** Runs `task` in all `databases` and waits until each has ended; answers the milliseconds from the request to the last end. */
  async runToEnd(task: string, databases: number): Promise<number> {
    const from = this.logLength;
    const start = performance.now();
    const ended = new Set<unknown>();
    await this.request(task);
    const last = await this.until((line) => {
      if (line.fields['msg'] === 'task finished' && line.fields['task'] === task) ended.add(line.fields['database']);
      return ended.size === databases;
    }, from);
    return last.at - start;
  }

  async probe(order: 'reset' | 'read' | 'collect'): Promise<ProcessReading> {
    this.#child.send(order);
    const [reading] = (await once(this.#child, 'message')) as [ProcessReading];
    return reading;
  }

  /** VmRSS or VmHWM (the peak since the start) as the kernel counts it, MiB. */
  mib(field: 'VmRSS' | 'VmHWM'): number {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1]) / 1024;
  }

  async stop(): Promise<void> {
    if (!this.#hasEnded) {
      this.#child.kill('SIGTERM');
      await once(this.#child, 'exit');
    }
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #ended(): Error {
    const lastWords = this.#lines.slice(-8).map(({ fields }) => JSON.stringify(fields).slice(0, 600));
    return new Error(`The daemon has ended; its last words:\n${lastWords.join('\n')}`);
  }

  #read(text: string): void {
    const fields = text.startsWith('{') ? (JSON.parse(text) as LogLine['fields']) : { text };
    this.#add({ at: performance.now(), fields });
  }

  #add(line: LogLine): void {
    this.#lines.push(line);
    for (const look of this.#waiting) look(line);
  }
}
