import { describe, expect, it } from 'vitest';
import { readRegrainPlan } from '../../../src/migrate/regrain/read-regrain-plan.ts';
import { readSeenMigrations } from '../../../src/migrate/run/read-seen.ts';
import { parseInterval } from '../../../src/partition/interval.ts';
import type { DatabasePolicy, TablePolicy } from '../../../src/partition/policy.ts';
import { systemClock } from '../../../src/postgres/clock.ts';
import { readDatabaseStatus } from '../../../src/reconcile/read-status.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { migrationTable, realEngine } from '../../support/migrate/real-engine.ts';
import { named } from '../../support/model.ts';
import { noAbort, openSession } from '../../support/open-session.ts';
import { indexOf, keep, maintenanceOf, policyOf, reconcile, testSafety } from '../../support/reconcile.ts';

const months = ['2024-01', '2024-02', '2024-03', '2024-04', '2024-05'];

async function createEvents(database: TestDatabase): Promise<void> {
  const partitions = months.map((month, index) => {
    const to = index === 3 ? `'2024-05-01Z'` : index === 4 ? `'2030-01-01Z'` : `'${months[index + 1]}-01Z'`;
    return `CREATE TABLE events_${month.replace('-', '_')} PARTITION OF events FOR VALUES FROM ('${month}-01Z') TO (${to})`;
  });
  await database.query(`
    CREATE TABLE events (id bigint, at timestamptz, note text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
    ${partitions.join(';')};
    INSERT INTO events SELECT n, '2024-01-01Z'::timestamptz + n * interval '1 hour' FROM generate_series(1, 2500) AS n;
    ANALYZE events`);
}

/** As the entry of the table would be, without a block `migration`. */
const policy: TablePolicy = policyOf('events', {
  premake: 0,
  retention: keep('6 months', 'drop'),
  maintenance: maintenanceOf(),
  indexes: [indexOf('events_note', ['note'])],
});

describe('a re-grain and the rest of the work on its table', () => {
  it('is left alone by retention, upkeep and indexes, which go on elsewhere and afterwards, and is seen by status and metrics', async () => {
    await using database = await createDatabase();
    await createEvents(database);
    const engineTable = migrationTable({ ...policy, name: '{table}_{yyyy}_q{q}' });
    const asked: DatabasePolicy = {
      name: 'test',
      connection: { kind: 'url', url: database.url },
      journalSchema: 'partitiond',
      probeRole: null,
      tables: [policy],
    };
    await using session = await openSession(database);
    const statusNow = async () => (await readDatabaseStatus(session, asked, { safety: testSafety, clock: systemClock }, noAbort)).tables[0];
    const request = {
      partitions: months.slice(0, 3).map((month) => named(`events_${month.replace('-', '_')}`)),
      interval: parseInterval('1 quarter'),
    };
    const decided = await readRegrainPlan(session, engineTable, request, BigInt(Date.now()) * 1000n, noAbort);
    const everything = { tasks: ['provision', 'retention', 'maintenance', 'index'] } as const;
    {
      await using run = await realEngine(database, engineTable, decided);
      await run.start();
      for (const live of ['source', 'target']) {
        const report = await reconcile(database, [policy], { request: everything });
        expect(report.tables.map(({ error }) => error)).toEqual([null]);
        const status = await statusNow();
        expect(status?.migration).toMatchObject({ phase: live === 'source' ? 'ready' : 'switched', live });
        const kept = status?.findings.filter(({ kind }) => kind === 'on-hold').map(({ message }) => message.split(/[,.(]/, 1)[0]);
        expect(kept).toEqual(['Indexes of public', 'Retention would remove public']);
        expect(status?.partitions.flatMap(({ partition, state }) => (state === 'attached' ? [partition] : []))).toEqual(
          live === 'source'
            ? ['public.events_2024_01', 'public.events_2024_02', 'public.events_2024_03', 'public.events_2024_05']
            : ['public.events_2024_q1', 'public.events_2024_05'],
        );
        expect((await readSeenMigrations(session, asked, systemClock.now(), noAbort)).map(({ record }) => record.phase)).toEqual([
          live === 'source' ? 'ready' : 'switched',
        ]);
        await run.verify();
        if (live === 'source') await run.turn();
      }
      await run.finish();
    }
    // What it has left goes by its date alone; what retention has detached, by the policy of now.
    await database.query(`UPDATE partitiond.detached_partition SET drop_after = now() - interval '1 minute'`);
    await reconcile(database, [{ ...policy, retention: null }], { request: everything });
    const left = await database.query(`SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relname ~ '^events' ORDER BY 1`);
    expect(left.map(({ relname }) => relname)).toEqual(['events', 'events_2024_04', 'events_2024_05', 'events_2024_q1']);
    expect(await database.query(`SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('events_note')`)).toEqual([
      { indisvalid: true },
    ]);
  });
});
