import type pg from 'pg';
import { replayBite } from '../../src/migrate/replay/replay-bite.ts';
import { verify } from '../../src/migrate/verify/verify.ts';
import type { HandMadeEngine } from '../../test/support/migrate/hand-made.ts';
import { median, percentile, printFigure, timed } from '../report.ts';
import { timedWithCpu } from './server-cpu.ts';

const noAbort = new AbortController().signal;
const bite = 10_000;
const bulkRows = 50_000;
const singleRows = 5_000;

/** What an application writes while its writes are captured, and how fast that is replayed; in turn, both tables equal and nobody else there. */
export async function measureReplay(client: pg.Client, engine: HandMadeEngine, rows: number, rounds: number): Promise<void> {
  engine.record = { ...engine.record, phase: 'catch-up' };
  await drain(engine);
  for (const [label, count, write] of [
    ['bulk statements', bulkRows, writeBulk],
    ['single-row statements', singleRows, writeSingle],
  ] as const) {
    const [captured, replayed, costs]: [number[], number[], number[]] = [[], [], []];
    for (let round = 0; round < rounds; round += 1) {
      const from = 1 + Math.floor(Math.random() * (rows - count));
      captured.push(count / (await timed(() => write(client, from, count))));
      const { ms, cpuMs } = await timedWithCpu(client, () => drain(engine));
      replayed.push(count / ms);
      costs.push(count / cpuMs);
    }
    printFigure(`captured, one session, ${label}`, `${median(captured).toFixed(1)} k rows/s`);
    printFigure(`replayed, ${label}`, `${median(replayed).toFixed(1)} k keys/s`, 'goal >= 50', median(replayed) >= 50);
    printFigure(`replayed per second of processors, ${label}`, `${median(costs).toFixed(1)} k keys`);
    const ratio = median(replayed) / median(captured);
    printFigure(`replayed / captured, ${label}`, ratio.toFixed(2), 'goal >= 2', ratio >= 2);
  }
}

/** How far behind the follower is while single rows are written without a pause: age of the oldest entry just before each replay. */
export async function measureLag(writer: pg.Client, watcher: pg.Client, engine: HandMadeEngine, seconds: number): Promise<void> {
  const lags: number[] = [];
  const over = new AbortController();
  const writing = (async (): Promise<void> => {
    for (let id = 1; !over.signal.aborted; id += 1) await writer.query('UPDATE revenues SET amount = amount + 1 WHERE id = $1', [id]);
  })();
  for (const until = performance.now() + seconds * 1_000; performance.now() < until; ) {
    const { rows } = await watcher.query<{ ms: number }>(
      `SELECT coalesce(extract(epoch FROM clock_timestamp() - min(at)) * 1000, 0)::float8 AS ms FROM partitiond.capture_${engine.id}`,
    );
    lags.push(rows[0]?.ms ?? 0);
    await replayBite(engine, engine.session, bite, noAbort);
  }
  over.abort();
  await writing;
  const worst = percentile(lags, 100);
  printFigure('lag while ready, one writer without pause, longest', `${worst.toFixed(0)} ms`, 'goal <= 2000', worst <= 2_000);
}

export async function measureVerify(client: pg.Client, engine: HandMadeEngine, rows: number): Promise<void> {
  const { ms, cpuMs } = await timedWithCpu(client, () => verify(engine, null, noAbort));
  printFigure('verification of the whole, both sides', `${(rows / ms).toFixed(0)} k rows/s`);
  printFigure('verified per second of processors', `${(rows / cpuMs).toFixed(0)} k rows`);
}

export async function drain(engine: HandMadeEngine): Promise<void> {
  while (!(await replayBite(engine, engine.session, bite, noAbort)).isEmpty);
}

async function writeBulk(client: pg.Client, from: number, count: number): Promise<void> {
  await client.query('UPDATE revenues SET amount = amount + 1 WHERE id >= $1 AND id < $2', [from, from + count]);
}

async function writeSingle(client: pg.Client, from: number, count: number): Promise<void> {
  for (let id = from; id < from + count; id += 1) await client.query('UPDATE revenues SET amount = amount + 1 WHERE id = $1', [id]);
}
