import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { TestDatabase } from '../support/database.ts';
import { firstDay, source, target } from '../support/migrate/crash/kinds.ts';
import { compareLedger, ledgerTable, startLedgerWriters } from '../support/migrate/ledger.ts';
import { compareBoth, createRevenues, type Revenues } from '../support/migrate/revenues.ts';
import { seededRandom } from '../support/seeded-random.ts';

/** `PARTITIOND_LONG_RUN=600` for ten minutes, with a larger table; `PARTITIOND_LONG_RUN_SEED` repeats the choices, though hardly the moments. */
const seconds = Number(process.env['PARTITIOND_LONG_RUN'] ?? 25);
const seed = Number(process.env['PARTITIOND_LONG_RUN_SEED'] ?? Date.now() % 2 ** 31);

/** Short runs come to their end on a busy machine as well; long ones have a copy of some minutes. */
const rows = Math.min(2_000_000, Math.max(10_000, seconds * 2_000));
const writing = { table: source, writers: seconds > 60 ? 16 : 8, from: firstDay, days: 290, pauseMs: seconds > 60 ? 0 : 4 } as const;

type Fault = (database: TestDatabase, random: () => number) => Promise<void>;

/** Each leaves the table as it was; one that the migration is in the way of gives up. */
const faults: Readonly<Record<string, Fault>> = {
  'terminated backend': async (database, random) => {
    const pids = await database.query<{ pid: number }>(
      `SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'partitiond:migrate%' AND datname = current_database()`,
    );
    const victim = pids[Math.floor(random() * pids.length)];
    if (victim !== undefined) await database.query('SELECT pg_terminate_backend($1)', [victim.pid]);
  },
  'VACUUM FULL': (database) => patiently(database, [`VACUUM FULL ${source}`]),
  'long reader': async (database, random) => {
    const client = await database.client({ applicationName: 'test:reader' });
    try {
      await client.query(`BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM ${source}`);
      await delay(200 + 1_300 * random());
      await client.query(`SELECT count(*) FROM ${source}; COMMIT`);
    } finally {
      await client.end();
    }
  },
  'CREATE INDEX CONCURRENTLY': (database) =>
    patiently(database, [`CREATE INDEX CONCURRENTLY surprise ON ${source} (note)`, 'DROP INDEX CONCURRENTLY IF EXISTS public.surprise']),
  // Where the target has no partition yet; once that is live, nobody's rows get one, and the transaction fails as a whole.
  'row far ahead': async (database, random) => {
    const row = `(${2_000_000_000 + Math.floor(random() * 1e9)}, 1, now() + ${Math.floor(random() * 300)} * interval '1 day', 1, 'ahead')`;
    await patiently(database, [`INSERT INTO ${source} VALUES ${row}; INSERT INTO ${ledgerTable} VALUES ${row}`]);
  },
};

/** What is in the way wins; whatever was begun, the last statement is tried until it gets through. */
async function patiently(database: TestDatabase, statements: readonly string[]): Promise<void> {
  const client = await database.client({ applicationName: 'test:fault' });
  try {
    await client.query("SET lock_timeout = '2s'; SET TimeZone = 'UTC'");
    for (const sql of statements) await client.query(sql).catch(() => undefined);
    if (statements.length > 1) {
      for (let tries = 0; tries < 20 && (await exists(database, 'public.surprise')); tries += 1) {
        await client.query(statements.at(-1) ?? '').catch(() => delay(100));
      }
    }
  } finally {
    await client.end();
  }
}

async function exists(database: TestDatabase, relation: string): Promise<boolean> {
  const [row] = await database.query<{ oid: string | null }>('SELECT to_regclass($1)::text AS oid', [relation]);
  return row?.oid !== null;
}

/** Faults one after the other while `isOver` is false and nobody asks for peace. */
class Trouble {
  readonly counts = new Map<string, number>();
  isOver = false;
  isPeace = false;
  #now: Promise<void> = Promise.resolve();

  async run(database: TestDatabase): Promise<void> {
    const random = seededRandom(seed);
    const names = Object.keys(faults);
    while (!this.isOver) {
      const name = names[Math.floor(random() * names.length)] ?? '';
      if (!this.isPeace) {
        this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
        this.#now = faults[name]?.(database, random) ?? Promise.resolve();
        await this.#now;
      }
      await delay(300 + 900 * random());
    }
  }

  /** Nothing is in the way from now on. */
  async rest(): Promise<void> {
    this.isPeace = true;
    await this.#now;
  }
}

/** Repeats an action as a Job does, until it has succeeded; after some failures without further faults. */
async function persist({ run, database }: Revenues, trouble: Trouble, action: string, ...rest: readonly string[]): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    const { exitCode, stderr } = await run(action, ...rest);
    if (exitCode === 0) break;
    if (await isDoneAfterAll(database, action)) break;
    if (tries >= 12)
      throw new Error(
        `migrate ${action}, ${tries} times: exit code ${exitCode}, PARTITIOND_LONG_RUN_SEED=${seed}\n${stderr.slice(-3_000)}`,
      );
    if (tries >= 4) await trouble.rest();
  }
  trouble.isPeace = false;
}

/** Its COMMIT came through, and only the reply was lost. */
async function isDoneAfterAll(database: TestDatabase, action: string): Promise<boolean> {
  const wanted: Readonly<Record<string, string>> = { switch: 'target', rollback: 'source' };
  const [state] = await database.query<{ live: string }>('SELECT live FROM partitiond.migration');
  return wanted[action] !== undefined && state?.live === wanted[action];
}

async function turn(revenues: Revenues, trouble: Trouble, action: 'switch' | 'rollback'): Promise<void> {
  await persist(revenues, trouble, 'verify');
  await persist(revenues, trouble, action);
  await delay(seconds * 100);
  // Settles foreign keys and replays what was written since.
  await persist(revenues, trouble, 'start');
}

it(
  'loses no row and makes no ghost under writers of every kind and faults of every sort, to the new table, back, there again and finished',
  async () => {
    const copy = `copy: { pace: ${seconds > 60 ? 0.25 : 0}, workers: 2, batchTime: 50ms }`;
    await using revenues = await createRevenues({ rows, migration: copy });
    const { database } = revenues;
    const trouble = new Trouble();
    await using writers = await startLedgerWriters(database.url, { ...writing, budgetMs: 60_000, seed, isolation: 'repeatable read' });
    const startedAt = performance.now();
    // An index that somebody is just making would be part of the plan.
    await revenues.ok('start', '--until', 'prepare');
    const troubling = trouble.run(database);
    try {
      await persist(revenues, trouble, 'start');
      await turn(revenues, trouble, 'switch');
      await turn(revenues, trouble, 'rollback');
      await turn(revenues, trouble, 'switch');
      await trouble.rest();
    } finally {
      trouble.isOver = true;
      await troubling;
    }
    const elapsed = (performance.now() - startedAt) / 1_000;
    await writers.stop();
    const serialization = writers.errors.filter((error) => error.includes('could not serialize access'));
    const happened = [...trouble.counts].map(([name, count]) => `${count} x ${name}`).join(', ');
    console.info(
      `PARTITIOND_LONG_RUN_SEED=${seed}: ${writers.statements} statements in ${elapsed.toFixed(0)} s, ${(writers.statements / elapsed).toFixed(0)}/s, ` +
        `${rows} rows at first, ${serialization.length} serialization failures; ${happened}`,
    );
    expect(await compareLedger(database.url, source), 'the live table').toEqual([]);
    await revenues.ok('start');
    expect(await compareBoth(revenues, 'after'), 'both, once the log is empty').toEqual([]);
    await revenues.ok('verify');
    await revenues.ok('finish', '--yes');
    expect(await compareLedger(database.url, source), 'the table that is left').toEqual([]);
    expect(writers.errors.filter((error) => !serialization.includes(error))).toEqual([]);
    expect(writers.statements, 'else nothing was proved').toBeGreaterThan(seconds * 20);
    expect(await exists(database, target)).toBe(false);
  },
  (seconds * 4 + 400) * 1_000,
);
