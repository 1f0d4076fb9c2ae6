/**
 * What the copy of a migration costs: partitiond's backfill with `pace: 0` against one raw INSERT ... SELECT into a target that is prepared in
 * the same way, and against the batches of pgslice (one statement after the other, 10,000 keys each, ON CONFLICT DO NOTHING). In turn, in one
 * run, on one server. Then replay against what one session can write while it is captured, the lag under that, a full verification, and switch,
 * rollback and switch under writers. `-- --rows 2000000 --rounds 3`; both figures are the defaults; `--only copy`, `live`, `replay`, `verify` or
 * `switch` for a part.
 */
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import type pg from 'pg';
import { installCapture } from '../../src/migrate/capture/install-capture.ts';
import { backfill } from '../../src/migrate/copy/backfill.ts';
import { openSource } from '../../src/migrate/copy/open-source.ts';
import type { HandMadeEngine } from '../../test/support/migrate/hand-made.ts';
import { type PeerServer, startPeerServer } from '../peer-server.ts';
import { median, printFigure, timed } from '../report.ts';
import { openEngine, policyFor } from './engine.ts';
import { measureLive } from './live.ts';
import { measureLag, measureReplay, measureVerify } from './replay.ts';
import { measureSwitch } from './switch.ts';
import { countDifferences, makeSource, makeTarget } from './tables.ts';

const noAbort = new AbortController().signal;
const columns = 'id, org_id, occurred_at, amount, currency, note';
const pgsliceBatch = 10_000;
/** What a switch locks does not grow with the rows; copying and comparing them for it does. */
const mostRowsSwitched = 200_000;

type Part = 'copy' | 'live' | 'replay' | 'verify' | 'switch';

interface Side {
  readonly label: string;
  readonly target: string;
  readonly copy: () => Promise<void>;
  readonly times: number[];
}

export async function run(argv: readonly string[]): Promise<void> {
  const options = {
    rows: { type: 'string', default: '2000000' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string' },
  } as const;
  const { values } = parseArgs({ args: [...argv], options });
  const wants = (part: Part): boolean => values.only === undefined || values.only === part;
  const [rows, rounds] = [Number(values.rows), Number(values.rounds)];
  const server = await startPeerServer({ autovacuum: 'off' });
  try {
    const client = await server.client('postgres');
    await printServer(client);
    if (values.only !== 'switch') await measureTables(server, client, wants, rows, rounds);
    if (wants('switch')) await measureSwitch(server, Math.min(rows, mostRowsSwitched));
    await client.end();
  } finally {
    await server.stop();
  }
}

async function measureTables(
  server: PeerServer,
  client: pg.Client,
  wants: (part: Part) => boolean,
  rows: number,
  rounds: number,
): Promise<void> {
  await makeSource(client, rows);
  for (const target of ['revenues_partitioned', 'raw_target']) await makeTarget(client, target);
  const engine = await openEngine(server, client);
  await installCapture(engine, noAbort);
  await openSource(engine, noAbort);
  await printSource(client, rows);
  if (wants('copy')) await compareCopies(client, engine, rows, rounds);
  if (wants('live')) await measureLive(server, client, engine, withChecks(engine, 'counts'), rounds);
  if (wants('replay') || wants('verify')) {
    await client.query('TRUNCATE revenues_partitioned, partitiond.migration_range, partitiond.migration_source CASCADE');
    await openSource(engine, noAbort);
    await backfill(withChecks(engine, 'counts'), noAbort);
    await client.query('ANALYZE revenues_partitioned');
  }
  if (wants('replay')) {
    await measureReplay(client, engine, rows, rounds);
    const watcher = await server.client('postgres');
    await measureLag(client, watcher, engine, 5);
    await watcher.end();
  }
  if (wants('verify')) await measureVerify(client, engine, rows);
  await engine.session.close();
}

async function compareCopies(client: pg.Client, engine: HandMadeEngine, rows: number, rounds: number): Promise<void> {
  const raw: Side = { label: 'raw INSERT ... SELECT', target: 'raw_target', copy: () => copyRaw(client), times: [] };
  const pgslice: Side = { label: 'batches of pgslice', target: 'raw_target', copy: () => copyByKeys(client, rows), times: [] };
  const counts = ours(engine, 'counts');
  const content = ours(engine, 'content');
  for (let round = 0; round < rounds; round += 1) {
    for (const side of [raw, counts, content, pgslice]) await measure(client, side);
  }
  for (const { label, times } of [raw, counts, content, pgslice]) {
    printFigure(label, `${(rows / median(times)).toFixed(0)} k rows/s`);
  }
  printGoal('backfill with counts / raw', median(raw.times) / median(counts.times), 0.8);
  printGoal('backfill with content / raw', median(raw.times) / median(content.times), cpus().length >= 4 ? 0.8 : 0.5);
  printFigure('backfill with counts / pgslice', (median(pgslice.times) / median(counts.times)).toFixed(2));
}

function ours(engine: HandMadeEngine, eachBatch: 'counts' | 'content'): Side {
  const own = withChecks(engine, eachBatch);
  return {
    label: `backfill, 2 workers, checks ${eachBatch}`,
    target: 'revenues_partitioned',
    copy: () => backfill(own, noAbort),
    times: [],
  };
}

function withChecks(engine: HandMadeEngine, eachBatch: 'counts' | 'content'): HandMadeEngine {
  const { policy } = engine;
  const { migration } = policy;
  if (migration === null) throw new Error('an engine without a policy');
  return { ...engine, policy: { ...policy, migration: { ...migration, ...policyFor(eachBatch) } } };
}

/** Each side begins with an empty target and after a checkpoint; what it copied is compared, and a difference ends the bench. */
async function measure(client: pg.Client, { label, target, copy, times }: Side): Promise<void> {
  await client.query(`TRUNCATE ${target}, partitiond.migration_range`);
  await client.query('CHECKPOINT');
  times.push(await timed(copy));
  const differences = await countDifferences(client, target);
  if (differences > 0) throw new Error(`${label}: ${differences} rows differ from their source`);
}

async function copyRaw(client: pg.Client): Promise<void> {
  await client.query(`INSERT INTO raw_target (${columns}) SELECT ${columns} FROM revenues`);
}

async function copyByKeys(client: pg.Client, rows: number): Promise<void> {
  for (let from = 0; from < rows; from += pgsliceBatch) {
    await client.query(
      `INSERT INTO raw_target (${columns}) SELECT ${columns} FROM revenues WHERE id > $1 AND id <= $2 ON CONFLICT DO NOTHING`,
      [from, from + pgsliceBatch],
    );
  }
}

async function printServer(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ version: string }>(`SELECT current_setting('server_version') AS version`);
  printFigure('PostgreSQL', rows[0]?.version ?? '');
  printFigure('cores, load of the last minute, fsync', `${cpus().length}, ${loadavg()[0]?.toFixed(1)}, off`);
}

async function printSource(client: pg.Client, rows: number): Promise<void> {
  const { rows: found } = await client.query<{ size: string }>(`SELECT pg_size_pretty(pg_relation_size('revenues')) AS size`);
  printFigure('rows, size of the heap, partitions of the target', `${rows}, ${found[0]?.size}, 36`);
}

function printGoal(label: string, ratio: number, goal: number): void {
  printFigure(label, ratio.toFixed(2), `goal >= ${goal}`, ratio >= goal);
}
