/**
 * Making 10,000 partitions against the same DDL sent by a bare loop on one connection: what journal, lock ladder, epoch check and the look
 * at the catalog after each step cost.
 */

import { readServerFacts } from '../src/catalog/read-server-facts.ts';
import { renderStep } from '../src/ddl/render-step.ts';
import { installJournal } from '../src/journal/install.ts';
import { claimLeadership, epochGuard } from '../src/journal/leadership.ts';
import { readJournal } from '../src/journal/read-journal.ts';
import type { TablePolicy } from '../src/partition/policy.ts';
import { planTables } from '../src/reconcile/plan-tables.ts';
import { reconcileDatabase } from '../src/reconcile/reconcile-database.ts';
import { startPeerServer } from './peer-server.ts';
import { applyAll, context, dailyPolicy, databasePolicy, openSession } from './policies.ts';
import { printFigure, timed } from './report.ts';

export async function run(argv: readonly string[]): Promise<void> {
  const count = Number(argv[0] ?? 10_000);
  const server = await startPeerServer();
  const signal = new AbortController().signal;
  try {
    const url = server.url('postgres');
    const client = await server.client('postgres');
    for (const table of ['loop', 'ours']) {
      await client.query(
        `CREATE TABLE ${table} (id bigint NOT NULL, created_at timestamptz NOT NULL, body text, PRIMARY KEY (id, created_at)) PARTITION BY RANGE (created_at)`,
      );
    }
    const policy = (name: string): TablePolicy => dailyPolicy(name, { premake: count - 1 });
    const session = await openSession(url);
    const facts = await readServerFacts(session, context.clock, signal);
    const journal = await readJournal(session, 'partitiond', signal);
    const [planned] = await planTables([policy('loop')], { session, journal, marks: null, facts, request: applyAll, context, signal });
    const steps = planned?.plan?.steps ?? [];
    const loopMs = await timed(async () => {
      for (const step of steps) {
        for (const batch of renderStep(step, facts.version).batches) {
          await client.query('BEGIN');
          for (const statement of batch.statements) await client.query(statement.sql);
          await client.query('COMMIT');
        }
      }
    });
    await installJournal(session, 'partitiond', signal);
    const epoch = await claimLeadership(session, 'partitiond', { holder: 'bench', configurationGeneration: '' }, signal);
    const fenced = { ...context, epochGuard: epochGuard('partitiond', epoch) };
    const oursMs = await timed(() => reconcileDatabase(session, databasePolicy(url, [policy('ours')]), applyAll, fenced, signal));
    const made = await client.query(
      "SELECT inhparent::regclass::text AS t, count(*)::int AS n FROM pg_inherits WHERE inhparent IN ('loop'::regclass, 'ours'::regclass) GROUP BY 1 ORDER BY 1",
    );
    printFigure(`partitions made: ${made.rows.map((row) => `${row.t} ${row.n}`).join(', ')}`, '');
    printFigure(`${count} partitions: bare loop of the same DDL`, `${(loopMs / 1000).toFixed(1)} s`);
    printFigure(`${count} partitions: partitiond`, `${(oursMs / 1000).toFixed(1)} s`);
    printFigure('partitiond / bare loop', (oursMs / loopMs).toFixed(2), 'goal <= 1.5', oursMs / loopMs <= 1.5);
    await session.close();
    await client.end();
  } finally {
    await server.stop();
  }
}
