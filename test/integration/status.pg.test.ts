import { describe, expect, it } from 'vitest';
import { installJournal } from '../../src/journal/install.ts';
import { claimLeadership, epochGuard } from '../../src/journal/leadership.ts';
import { writeProbeRecords } from '../../src/journal/probe-records.ts';
import { parseInstant } from '../../src/partition/calendar.ts';
import type { TablePolicy } from '../../src/partition/policy.ts';
import { automaticProbeName } from '../../src/partition/probe-names.ts';
import type { ProbeRecord } from '../../src/partition/probe-record.ts';
import { systemClock } from '../../src/postgres/clock.ts';
import { readDatabaseStatus } from '../../src/reconcile/read-status.ts';
import type { DatabaseStatus, TableStatus } from '../../src/reconcile/status.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { noAbort, openSession } from '../support/open-session.ts';
import { indexOf, maintenanceOf, policyOf, reconcile, testSafety } from '../support/reconcile.ts';
import { createEvents, run } from '../support/upkeep-facts.ts';
import { waitFor } from '../support/wait-for.ts';
import { waitForLockWaiter } from '../support/wait-for-lock.ts';

async function statusOf(database: TestDatabase, policy: TablePolicy): Promise<TableStatus> {
  const [table] = (await databaseStatusOf(database, policy)).tables;
  if (table === undefined) throw new Error('no status of the table');
  return table;
}

async function databaseStatusOf(database: TestDatabase, policy: TablePolicy): Promise<DatabaseStatus> {
  await using session = await openSession(database);
  const connection = { kind: 'url', url: database.url } as const;
  const asked = { name: 'test', connection, journalSchema: 'partitiond', probeRole: null, tables: [policy] };
  return await readDatabaseStatus(session, asked, { safety: testSafety, clock: systemClock }, noAbort);
}

describe('the status', () => {
  it('has what the journal knows of the leader and of probes, and nothing of them before there is a journal', async () => {
    await using database = await createDatabase();
    await createEvents(database);
    const policy = policyOf('events', { premake: 0 });
    const before = await databaseStatusOf(database, policy);
    expect(before).toMatchObject({ leader: null, tables: [{ probes: [] }] });

    await using session = await openSession(database);
    await installJournal(session, 'partitiond', noAbort);
    const epoch = await claimLeadership(session, 'partitiond', { holder: 'pod-1', configurationGeneration: '' }, noAbort);
    const at = parseInstant('2025-03-10T11:00:00Z', 'UTC');
    const record: ProbeRecord = {
      table: policy.table,
      probe: automaticProbeName,
      ranAt: at,
      outcome: 'missed',
      scanned: 2,
      total: 3,
      allowed: 1,
      planningMs: 0.25,
      executionMs: null,
      problems: ['2 partitions are left.'],
      lastMiss: { at, report: 'long' },
    };
    await writeProbeRecords(session, 'partitiond', [record], epochGuard('partitiond', epoch), noAbort);

    const after = await databaseStatusOf(database, policy);
    expect(after.leader).toMatchObject({ holder: 'pod-1', epoch: '1' });
    const same = await database.query(`SELECT since = '${after.leader?.since}' AS same FROM partitiond.leadership`);
    expect(same).toEqual([{ same: true }]);
    expect(after.tables[0]?.probes).toMatchObject([
      { probe: 'current-interval', ranAt: '2025-03-10T11:00:00Z', outcome: 'missed', planningMs: 0.25, lastMissAt: '2025-03-10T11:00:00Z' },
    ]);
  });

  it('has the findings and counts the steps of a plan of every task', async () => {
    await using database = await createDatabase();
    await createEvents(database);
    await run(database, "INSERT INTO events VALUES (1, '2025-01-10Z')");
    const policy = policyOf('events', { premake: 0, maintenance: maintenanceOf(), indexes: [indexOf('by_note', ['note'])] });
    const status = await waitFor(
      'the statistics of the row',
      () => statusOf(database, policy),
      ({ findings }) => findings.length > 0,
      { timeoutMs: 30_000 },
    );
    expect(status.findings.map(({ kind }) => kind)).toEqual(['never-analysed']);
    const report = await reconcile(database, [policy], {
      request: { mode: 'plan', tasks: ['provision', 'retention', 'maintenance', 'index'] },
    });
    const plan = report.tables[0]?.plan;
    expect(status.findings.map(({ message }) => message)).toEqual(plan?.findings.map(({ message }) => message));
    expect(status.steps).toBe(plan?.steps.length);
    expect(new Set(plan?.steps.map(({ task }) => task))).toEqual(new Set(['provision', 'maintenance', 'index']));
  });

  it('tells what is at work below a table that is itself a partition', async () => {
    await using database = await createDatabase();
    await run(
      database,
      `CREATE TABLE everything (id int8 NOT NULL, at timestamptz NOT NULL, note text) PARTITION BY LIST (id)`,
      `CREATE TABLE events PARTITION OF everything DEFAULT PARTITION BY RANGE (at);
       CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM ('2025-01-01Z') TO ('2025-02-01Z')`,
    );
    const [writer, builder] = [await database.client(), await database.client({ applicationName: 'partitiond:maintenance' })];
    await writer.query("BEGIN; INSERT INTO events VALUES (1, '2025-01-10Z')");
    const building = builder.query('CREATE INDEX CONCURRENTLY ON events_1 (note)');
    await waitForLockWaiter(database, ({ query }) => query.includes('CREATE INDEX CONCURRENTLY'));
    const { inProgress } = await statusOf(database, policyOf('events'));
    expect(inProgress).toMatchObject([{ partition: 'public.events_1', command: 'create-index' }]);
    await writer.query('COMMIT');
    await building;
    expect((await statusOf(database, policyOf('events'))).inProgress).toEqual([]);
  });
});
