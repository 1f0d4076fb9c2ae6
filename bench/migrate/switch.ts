import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { catchUp } from '../../src/migrate/replay/catch-up.ts';
import { reloadRecord } from '../../src/migrate/save.ts';
import { parseInterval } from '../../src/partition/interval.ts';
import { compareLedger, createLedger } from '../../test/support/migrate/ledger.ts';
import { migrationTable, type RealEngine, realEngine } from '../../test/support/migrate/real-engine.ts';
import { named } from '../../test/support/model.ts';
import type { PeerServer } from '../peer-server.ts';
import { percentile, printAtMost, printFigure } from '../report.ts';
import { asTestDatabase } from './engine.ts';
import { startWriters, type Writers } from './writers.ts';

const noAbort = new AbortController().signal;
const table = 'public.revenues';
const months = 36;
const premake = 2;
const writers = 16;
/** Of each writer between its transactions: all of them together write more than 2,000 statements a second where the machine has the time. */
const pauseMs = 3;
const dayMs = 86_400_000;

/**
 * A table of 36 partitions with two outgoing and one incoming foreign key, three triggers and three views goes through switch, rollback, switch under
 * writers with a ledger in the same transaction. What the locks were held is what the journal keeps, COMMIT included; `maxLock` is far away, so that
 * no attempt is cut short at the goal. At the end both tables must hold what the ledger holds, and no writer may have seen an error.
 */
export async function measureSwitch(server: PeerServer, rows: number): Promise<void> {
  const client = await server.client('postgres');
  await client.query('CREATE DATABASE switching');
  await client.end();
  const own = await server.client('switching');
  const from = firstMonth();
  const days = Math.floor((Date.now() - from.getTime()) / dayMs);
  await makeLinkedSource(own, rows, from, days);
  const url = server.url('switching');
  await createLedger(url, table);
  const engine = await realEngine(
    asTestDatabase(server, own, 'switching'),
    migrationTable({ table: named('revenues'), interval: parseInterval('1 month'), name: '{table}_{yyyy}_{mm}', premake }),
  );
  try {
    await engine.start();
    const working = await startWriters(url, { table, writers, from: from.toISOString(), days, pauseMs, budgetMs: 30_000, seed: 7 });
    for (const direction of ['switch', 'rollback', 'switch again']) {
      if (direction === 'switch again') await engine.verify();
      await measureTurn(own, engine, working, direction);
    }
    await endRight(url, engine, working);
  } finally {
    await engine[Symbol.asyncDispose]();
    await own.end();
  }
}

async function measureTurn(client: pg.Client, engine: RealEngine, working: Writers, direction: string): Promise<void> {
  await working.take();
  const seconds = 5;
  await delay(seconds * 1_000);
  const before = await working.take();
  const partitions = await countPartitions(client);
  const seen = engine.events.length;
  await engine.turn();
  const attempts = engine.events.slice(seen).flatMap((event) => (event.kind === 'switch-attempted' ? [event.outcome] : []));
  const during = await working.take();
  await reloadRecord(engine.engine, noAbort);
  const last = engine.engine.record.lastSwitch;
  if (last === null) throw new Error('the journal knows of no switch');
  const rate = before.statements / seconds;
  printFigure(`${direction}: writes before it, ${partitions} partitions`, `${rate.toFixed(0)} /s`, 'goal >= 2000', rate >= 2_000);
  printAtMost(`${direction}: locks held`, last.lockMs, 'ms', 500);
  printFigure(`${direction}: attempts until then`, String(last.attempts), inBrief(attempts));
  printAtMost(`${direction}: longest wait of a writer, 5 s before`, percentile(before.latencies, 100), 'ms');
  printAtMost(`${direction}: longest wait of a writer, until it was verified`, percentile(during.latencies, 100), 'ms');
}

/** How often there was which outcome. */
function inBrief(outcomes: readonly string[]): string {
  return [...new Set(outcomes)].map((outcome) => `${outcome} ${outcomes.filter((other) => other === outcome).length}`).join(', ');
}

async function countPartitions(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhparent
     WHERE c.relname IN ('revenues', 'revenues_partitioned') AND c.relkind = 'p'`,
  );
  return rows[0]?.count ?? 0;
}

async function endRight(url: string, { engine }: RealEngine, working: Writers): Promise<void> {
  const { errors } = await working.stop();
  if (errors.length > 0) throw new Error(`writers saw ${errors.length} errors: ${errors[0]}`);
  await catchUp(engine, noAbort);
  for (const side of [table, 'public.revenues_unpartitioned']) {
    const differences = await compareLedger(url, side);
    if (differences.length > 0) throw new Error(`${side} differs from the ledger: ${differences.slice(0, 3).join('; ')}`);
  }
}

/** With this month and those of `premake` it makes 36. */
function firstMonth(): Date {
  const now = new Date();
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - (months - premake - 1), 1));
}

async function makeLinkedSource(client: pg.Client, rows: number, from: Date, days: number): Promise<void> {
  await client.query(`
    CREATE TABLE orgs (id integer PRIMARY KEY);
    INSERT INTO orgs SELECT n FROM generate_series(0, 99) AS n;
    CREATE TABLE currencies (code text PRIMARY KEY);
    INSERT INTO currencies VALUES ('EUR');
    CREATE TABLE revenues (
      id bigint NOT NULL, org_id integer NOT NULL REFERENCES orgs, occurred_at timestamptz NOT NULL, amount numeric(12,2), note text,
      currency text DEFAULT 'EUR' REFERENCES currencies, PRIMARY KEY (id, occurred_at)
    );
    INSERT INTO revenues
    SELECT n, n % 100, '${from.toISOString()}'::timestamptz + n * (interval '${days} days' / ${rows + 1}), n % 100000 / 100.0, repeat('x', 40) || n
    FROM generate_series(1, ${rows}) AS n;
    CREATE INDEX ON revenues (org_id, occurred_at);
    CREATE TABLE invoices (
      revenue_id bigint, revenue_at timestamptz,
      FOREIGN KEY (revenue_id, revenue_at) REFERENCES revenues (id, occurred_at) ON UPDATE CASCADE ON DELETE CASCADE
    );
    INSERT INTO invoices SELECT id, occurred_at FROM revenues WHERE id % 100 = 0;
    CREATE INDEX ON invoices (revenue_id, revenue_at);
    CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE TRIGGER kept_insert BEFORE INSERT ON revenues FOR EACH ROW EXECUTE FUNCTION keep();
    CREATE TRIGGER kept_update BEFORE UPDATE ON revenues FOR EACH ROW EXECUTE FUNCTION keep();
    CREATE TRIGGER kept_after AFTER INSERT OR DELETE ON revenues FOR EACH ROW EXECUTE FUNCTION keep();
    CREATE VIEW big_revenues AS SELECT id, amount FROM revenues WHERE amount > 500;
    CREATE VIEW revenues_of_orgs AS SELECT org_id, sum(amount) AS amount FROM revenues GROUP BY org_id;
    CREATE VIEW revenue_notes AS SELECT id, occurred_at, note FROM revenues`);
  await client.query('VACUUM (ANALYZE, FREEZE) revenues');
}
