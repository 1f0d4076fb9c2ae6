import { parseDuration } from '../../config/format/duration.ts';
import type { WriterCount } from '../../demo/sample-writer.ts';
import type { Demo } from '../../demo/start-demo.ts';
import { UsageError } from '../../errors.ts';
import type { DaemonOptions } from '../../service/daemon.ts';
import type { Command } from '../command-line/declaration.ts';
import { Invocation } from '../command-line/invocation.ts';
import { options } from '../command-line/options.ts';
import { configuredFile } from '../databases/load-configured.ts';
import { coloursOf } from '../output/colours.ts';
import type { Io } from '../output/io.ts';
import { applyCommand } from './apply.ts';
import { planCommand } from './plan.ts';
import { probeCommand } from './probe.ts';
import { runConfigured } from './run.ts';
import { statusCommand } from './status.ts';

const { config } = options;

export const demoCommand: Command = {
  name: 'demo',
  summary: 'all of it on an embedded PostgreSQL, which needs nothing installed',
  description:
    'Starts a PostgreSQL 18 in a temporary folder, fills six partitioned tables with two years of rows, writes on, and shows plan, apply and\n' +
    'status on them; then runs the daemon until it is stopped, and removes everything. With --config it is run on your own databases.',
  operand: null,
  options: [options.for, config],
  examples: [
    { command: 'partitiond demo', does: 'until Ctrl-C' },
    { command: 'partitiond demo --for 20s', does: 'stops by itself, 20 seconds after the daemon has begun' },
    { command: 'partitiond demo --config partitiond.yaml', does: 'no demo at all: the daemon on your own databases, as run --config' },
  ],
  exits: ['0 stopped by a signal or by --for', '3 the demo lost its server'],
  run: runDemo,
};

async function runDemo(invocation: Invocation, io: Io): Promise<number> {
  const forMs = parseFor(invocation.value(options.for));
  if (invocation.has(config)) {
    const file = configuredFile(invocation, io);
    await withinTime(io.signal, forMs, (until) => runConfigured(file, io, until));
    return 0;
  }
  const { startDemo } = await import('../../demo/start-demo.ts');
  io.stderr.write('Starting a PostgreSQL in a temporary folder and loading the sample tables ...\n');
  const demo = await startDemo(io.signal).catch((error: unknown) => {
    if (io.signal.aborted) return null;
    throw error;
  });
  if (demo === null) return 0;
  try {
    const code = await showDemo(demo, forMs, io);
    return io.signal.aborted ? 0 : code;
  } finally {
    await demo.stop();
    io.stderr.write('The server has stopped and its folder is gone.\n');
  }
}

async function showDemo(demo: Demo, forMs: number | null, io: Io): Promise<number> {
  const { runSampleWriter } = await import('../../demo/sample-writer.ts');
  const end = new AbortController();
  const writing = AbortSignal.any([io.signal, end.signal]);
  const count: WriterCount = { inserts: 0, slowestMs: 0 };
  const writer = runSampleWriter(demo.url, count, writing);
  // Awaited below; until then a failure must not look unhandled.
  writer.catch(() => undefined);
  try {
    return await showCommands(demo, forMs, io);
  } finally {
    end.abort(new Error('the demo has ended'));
    await writer;
    io.stderr.write(
      `Meanwhile the application made ${count.inserts} rounds of inserts; the slowest took ${Math.round(count.slowestMs)} ms.\n`,
    );
  }
}

async function showCommands(demo: Demo, forMs: number | null, io: Io): Promise<number> {
  // The demo is the same everywhere: nothing of PARTITIOND_* reaches it. And it ends with its terminal rather than reload a file nobody edits.
  const demoIo: Io = { ...io, environment: {}, onHangup: () => () => undefined };
  const invocation = new Invocation([], new Map([[config.name, [demo.configurationFile]]]));
  const say = (text: string): void => io.stdout.write(text);
  const heading = (command: string): void =>
    say(`\n${coloursOf(io.stdout).strong(`$ partitiond ${command} --config ${demo.configurationFile}`)}\n`);
  say(
    `${demo.tables} tables and ${demo.rows.toLocaleString('en-US')} rows loaded in ${(demo.loadMs / 1000).toFixed(1)} s, and an application writes to them.\n`,
  );
  say(`database   ${demo.url}\npolicy     ${demo.configurationFile}\n`);
  for (const command of [planCommand, applyCommand, statusCommand, probeCommand]) {
    heading(command.name);
    const code = await command.run(invocation, demoIo);
    if (io.signal.aborted) return 0;
    if (code !== 0) return code;
  }
  heading('run');
  const file = configuredFile(invocation, demoIo);
  const listening: DaemonOptions['onListening'] = ({ http, admin }) => {
    for (const path of ['/', '/metrics', '/livez', '/readyz', '/api/v1/status', '/api/v1/partitions']) say(`${http.url}${path}\n`);
    say(`curl -X POST ${admin.url}/-/pause\n`);
    say(forMs === null ? 'The daemon runs until Ctrl-C.\n' : `The daemon runs for ${forMs / 1000} s.\n`);
  };
  await withinTime(io.signal, forMs, (until) => runConfigured(file, demoIo, until, listening));
  return 0;
}

/**
 * Runs `body` until `signal`, or for `forMs` where that is not null. A timer of our own: in Node 20 a signal of AbortSignal.timeout that only
 * AbortSignal.any refers to is collected as garbage, and then never aborts (nodejs/node#57736).
 */
async function withinTime(signal: AbortSignal, forMs: number | null, body: (until: AbortSignal) => Promise<void>): Promise<void> {
  const end = new AbortController();
  const stop = (): void => end.abort(signal.reason);
  const timer = forMs === null ? null : setTimeout(() => end.abort(new Error('the time of --for is over')), forMs);
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  try {
    await body(end.signal);
  } finally {
    signal.removeEventListener('abort', stop);
    if (timer !== null) clearTimeout(timer);
  }
}

/** A timer takes no more than 2^31 - 1 ms. */
const longestMs = 2 ** 31 - 1;

function parseFor(text: string | null): number | null {
  if (text === null) return null;
  try {
    const ms = parseDuration(text);
    if (ms < 1 || ms > longestMs) throw new RangeError('it is not between 1ms and 24d');
    return ms;
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError('PD003', `--for ${JSON.stringify(text)} is no duration: ${problem}; write for example --for 20s.`, { cause });
  }
}
