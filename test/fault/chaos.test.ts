import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createBusyTable, detachingPolicy, everySecond, growingPolicy, partitionFaults } from '../support/busy-table.ts';
import { anyPorts } from '../support/daemon.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { startDdlAudit } from '../support/ddl-audit.ts';
import { startFleet } from '../support/fleet.ts';
import { startRowWriter } from '../support/row-writer.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { expectOrderlyWork } from '../support/verdict.ts';
import { waitFor } from '../support/wait-for.ts';

/** As long as `PARTITIOND_TEST_CHAOS_SECONDS` says; `PARTITIOND_TEST_CHAOS_SEED` repeats the choices, though hardly the moments. */
const seconds = Number(process.env['PARTITIOND_TEST_CHAOS_SECONDS'] ?? 50);
const seed = Number(process.env['PARTITIOND_TEST_CHAOS_SEED'] ?? Date.now() % 2 ** 31);

const policies = { ticks: growingPolicy('ticks'), tocks: growingPolicy('tocks'), clicks: detachingPolicy('clicks') };
const names = Object.keys(policies);

/** Bursts of so many terminations, and a rest after each: with nobody who leads for a second there would be no work to disturb. */
const burst = 8;
const restMs = 2_500;

/** Ends one session of partitiond after the other, 50 to 500 ms apart; answers how many. */
async function terminateAtRandom(database: TestDatabase): Promise<number> {
  const client = await database.client({ applicationName: 'test:chaos' });
  const random = seededRandom(seed);
  const until = performance.now() + seconds * 1000;
  let terminated = 0;
  while (performance.now() < until) {
    const { rows } = await client.query<{ pid: number }>(
      `SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'partitiond%' AND datname = current_database() ORDER BY backend_start`,
    );
    const victim = rows[Math.floor(random() * rows.length)];
    if (victim !== undefined) {
      await client.query('SELECT pg_terminate_backend($1)', [victim.pid]);
      terminated += 1;
      if (terminated % burst === 0) await delay(restMs);
    }
    await delay(50 + 450 * random());
  }
  return terminated;
}

/** Rows of the table and of what was detached from it. */
async function countRows(database: TestDatabase, name: string): Promise<number> {
  const tables = await database.query<{ relation: string }>(
    `SELECT oid::regclass::text AS relation FROM pg_class WHERE relkind = 'r' AND relname LIKE $1`,
    [`${name}\\_%`],
  );
  const counts = tables.map(({ relation }) => `SELECT count(*) AS rows FROM ONLY ${relation}`);
  const [sum] = await database.query<{ rows: string }>(`SELECT sum(rows) AS rows FROM (${counts.join(' UNION ALL ')}) AS counts`);
  return Number(sum?.rows);
}

it(
  'keeps several tables while its connections are terminated at random, and has lost nothing when that ends',
  async () => {
    await using database = await createDatabase();
    for (const name of names) await createBusyTable(database, name);
    await startDdlAudit(database);
    await using fleet = await startFleet(database, 3, { tables: Object.values(policies), top: `${anyPorts}\n${everySecond}` });
    await fleet.waitForLeader(0, fleet.members);
    const writers = names.map((name) => startRowWriter(database.url, `public.${name}`, 40));
    try {
      const terminated = await terminateAtRandom(database);
      console.info(
        `${terminated} sessions terminated, PARTITIOND_TEST_CHAOS_SEED=${seed}, rows ${writers.map(({ written }) => written).join(' ')}`,
      );
      // Else nothing was proved: hardly anything was disturbed, or nobody worked meanwhile.
      expect(terminated).toBeGreaterThan(seconds / 2);
      for (const writer of writers) expect(writer.written).toBeGreaterThan(10 * 5);
      for (const [index, name] of names.entries()) {
        const written = (await writers[index]?.stop()) ?? 0;
        await waitFor(
          `all partitions of ${name}`,
          () => partitionFaults(database, name, written),
          (faults) => faults.length === 0,
          { timeoutMs: 90_000 },
        );
        expect(await countRows(database, name), name).toBe(written);
      }
    } finally {
      await Promise.all(writers.map((writer) => writer.stop()));
    }
    await fleet.waitForLeader(0, fleet.members);
    const pending = 'SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhdetachpending';
    await waitFor(
      'finished detaches',
      () => database.query(pending),
      (rows) => rows.length === 0,
      { timeoutMs: 60_000 },
    );
    await expectOrderlyWork(database, fleet.members);
  },
  (seconds + 240) * 1000,
);
