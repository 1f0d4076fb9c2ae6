import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { backfill } from '../../src/migrate/copy/backfill.ts';
import { openSource } from '../../src/migrate/copy/open-source.ts';
import { type HandMadeEngine, handMadePolicy } from '../../test/support/migrate/hand-made.ts';
import type { PeerServer } from '../peer-server.ts';
import { median, percentile, printAtMost, printFigure, timed } from '../report.ts';
import { drain } from './replay.ts';
import { countDifferences } from './tables.ts';

const noAbort = new AbortController().signal;
const writers = 4;
/** Of each writer; what a busy machine cannot keep up with it leaves out. */
const everyMs = 4;

/** Single-row updates and inserts of some sessions at a steady rate while `work` runs; answers what each took, milliseconds. */
async function whileWriting(server: PeerServer, rows: number, work: () => Promise<unknown>): Promise<readonly number[]> {
  const over = new AbortController();
  const latencies: number[] = [];
  const clients = await Promise.all(Array.from({ length: writers }, () => server.client('postgres')));
  const writing = clients.map(async (client) => {
    while (!over.signal.aborted) {
      const id = 1 + Math.floor(Math.random() * rows);
      latencies.push(await timed(() => client.query('UPDATE revenues SET amount = amount + 1 WHERE id = $1', [id])));
      await delay(everyMs);
    }
    await client.end();
  });
  try {
    await work();
  } finally {
    over.abort();
    await Promise.all(writing);
  }
  return latencies;
}

/**
 * The copy beside a raw INSERT ... SELECT, both under the same writers, and what writes take before `start` and during a copy with default
 * settings. After each copy the log is replayed and both tables are compared.
 */
export async function measureLive(
  server: PeerServer,
  client: pg.Client,
  engine: HandMadeEngine,
  fast: HandMadeEngine,
  rounds: number,
): Promise<void> {
  const { migration } = engine.policy;
  const usual = { ...handMadePolicy().copy, pace: 0.25 };
  const gentle = { ...engine, policy: { ...engine.policy, migration: { ...migration, copy: usual, verify: handMadePolicy().verify } } };
  const { rows } = await client.query<{ n: number }>('SELECT count(*)::int AS n FROM revenues');
  const count = rows[0]?.n ?? 0;
  const copied = async (own: HandMadeEngine): Promise<void> => {
    await drain(own);
    const differences = await countDifferences(client, 'revenues_partitioned');
    if (differences > 0) throw new Error(`${differences} rows differ from their source`);
  };
  /** The source is measured anew: rows that moved beyond its end were in the log only until that was replayed. */
  const empty = async (): Promise<void> => {
    await client.query('TRUNCATE revenues_partitioned, raw_target, partitiond.migration_range, partitiond.migration_source CASCADE');
    await openSource(engine, noAbort);
  };
  const [raw, ours, before, during]: [number[], number[], number[], number[]] = [[], [], [], []];
  for (let round = 0; round < rounds; round += 1) {
    await empty();
    await whileWriting(server, count, async () => {
      raw.push(await timed(() => client.query('INSERT INTO raw_target SELECT * FROM revenues')));
    });
    await whileWriting(server, count, async () => {
      ours.push(await timed(() => backfill(fast, noAbort)));
    });
    await copied(fast);
    await empty();
    before.push(percentile(await whileWriting(server, count, () => delay(3_000)), 99));
    during.push(percentile(await whileWriting(server, count, () => backfill(gentle, noAbort)), 99));
    await copied(gentle);
  }
  const ratio = median(raw) / median(ours);
  printFigure(`backfill with counts / raw, ${writers} writers beside both`, ratio.toFixed(2), 'goal >= 0.8', ratio >= 0.8);
  printAtMost('p99 of captured writes, no copy', median(before), 'ms');
  printAtMost('p99 of captured writes, copy with default settings', median(during), 'ms', Math.ceil(2 * median(before)));
}
