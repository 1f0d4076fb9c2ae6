import { describe, expect, it } from 'vitest';
import { parseConfiguration } from '../../src/config/parse-configuration.ts';
import { installJournal } from '../../src/journal/install.ts';
import { writeProbeRecords } from '../../src/journal/probe-records.ts';
import { systemClock } from '../../src/postgres/clock.ts';
import { readLedDatabase } from '../../src/service/tasks/led-database.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { noAbort, openSession } from '../support/open-session.ts';
import { keep, policyOf, reconcile } from '../support/reconcile.ts';

const configuration = parseConfiguration({
  text: 'databases: [{ name: app, url: "postgresql://localhost/app", tables: [{ table: public.good, interval: 1 month }] }]',
  source: 'test',
  env: {},
  folder: '/',
});
const policies = [policyOf('good', { retention: keep('12 months') }), policyOf('bad'), policyOf('new')];

const lines: Readonly<Record<string, unknown>>[] = [];
const logger = createLogger({ level: 'debug', format: 'json' }, { write: (line) => lines.push(JSON.parse(line)) });

async function read(database: TestDatabase, clock = systemClock) {
  await using session = await openSession(database);
  const policy = {
    name: 'app',
    connection: { kind: 'url', url: database.url },
    journalSchema: 'partitiond',
    probeRole: null,
    tables: policies,
  } as const;
  return await readLedDatabase(session, policy, { configuration, clock, logger }, noAbort);
}

/** A moment that the journal holds, in seconds. */
async function moment(database: TestDatabase, sql: string): Promise<number> {
  const [row] = await database.query<{ at: string }>(`SELECT EXTRACT(epoch FROM (${sql})) AS at`);
  return Number(row?.at);
}

describe('the series of a new leader', () => {
  it('begin when the journal was made where nothing has run', async () => {
    await using database = await createDatabase();
    {
      await using session = await openSession(database);
      await installJournal(session, 'partitiond', noAbort);
    }
    await database.query("UPDATE partitiond.version SET installed_at = installed_at - interval '1 day'");
    const led = await read(database);
    const installed = await moment(database, 'SELECT min(installed_at) FROM partitiond.version');
    expect(led.installedSeconds).toBeCloseTo(installed, 3);
    expect(led.history).toEqual([]);
    for (const task of ['provision', 'retention', 'probe', 'collect'])
      expect(led.tasks.find((one) => one.task === task)).toMatchObject({
        lastRunSeconds: led.installedSeconds,
        lastSuccessSeconds: led.installedSeconds,
      });
  });

  it('go on from the runs and steps of earlier leaders, table by table', async () => {
    await using database = await createDatabase();
    for (const name of ['good', 'bad'])
      await database.query(`CREATE TABLE public.${name} (at timestamptz NOT NULL) PARTITION BY RANGE (at)`);
    const both = policies.slice(0, 2);
    await reconcile(database, both, { request: { tasks: ['provision'] } });
    await database.query(
      "UPDATE partitiond.run SET started_at = started_at - interval '2 hours', finished_at = finished_at - interval '2 hours'",
    );
    const firstSuccess = await moment(database, 'SELECT max(finished_at) FROM partitiond.run');
    // A table that is locked fails, the other goes on.
    await database.query('DROP TABLE public.bad, public.good');
    for (const name of ['good', 'bad'])
      await database.query(`CREATE TABLE public.${name} (at timestamptz NOT NULL) PARTITION BY RANGE (at)`);
    const blocker = await database.client();
    await blocker.query('BEGIN; LOCK TABLE public.bad IN ACCESS EXCLUSIVE MODE');
    await reconcile(database, both, { request: { tasks: ['provision'] } });
    await blocker.query('ROLLBACK');
    const lastRun = await moment(database, 'SELECT max(finished_at) FROM partitiond.run');

    const led = await read(database);
    const provision = led.tasks.find(({ task }) => task === 'provision');
    expect(provision?.lastRunSeconds).toBeCloseTo(lastRun, 3);
    expect(provision?.lastSuccessSeconds).toBeCloseTo(firstSuccess, 3);
    const historyOf = (name: string) => led.history.find(({ table }) => table.name === name);
    expect(historyOf('good')?.lastSuccess).toEqual([{ task: 'provision', seconds: expect.closeTo(lastRun, 3) }]);
    expect(historyOf('bad')?.lastSuccess).toEqual([{ task: 'provision', seconds: expect.closeTo(firstSuccess, 3) }]);
    expect(historyOf('good')?.steps).toEqual([{ step: 'create-partition', outcome: 'ok', count: 6 }]);
    expect(historyOf('bad')?.steps).toContainEqual({ step: 'create-partition', outcome: 'ok', count: 3 });
    expect(historyOf('bad')?.steps).toContainEqual({ step: 'create-partition', outcome: 'failed', count: 3 });
  });

  it('have the last results of the probes that are configured now, and of the task its last pass, a success where none failed', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    await installJournal(session, 'partitiond', noAbort);
    const nowSeconds = Math.trunc(Date.now() / 1_000);
    const met = {
      table: { schema: 'public', name: 'good' },
      probe: 'current-interval',
      ranAt: BigInt(nowSeconds) * 1_000_000n,
      outcome: 'met',
      scanned: 1,
      total: 12,
      allowed: 1,
      planningMs: 1,
      executionMs: null,
      problems: [],
      lastMiss: { at: 1n, report: 'long ago' },
    } as const;
    const later = { ...met, table: { schema: 'public', name: 'bad' }, ranAt: met.ranAt + 60_000_000n, outcome: 'missed' } as const;
    const gone = [
      { ...met, probe: 'gone', ranAt: met.ranAt + 90_000_000n },
      { ...met, table: { schema: 'public', name: 'gone' }, ranAt: met.ranAt + 90_000_000n },
    ];
    await writeProbeRecords(session, 'partitiond', [met, later, ...gone], 'SELECT 1', noAbort);
    const led = await read(database);
    expect(led.probes.map(({ table, probe, outcome }) => [table.name, probe, outcome])).toEqual([
      ['bad', 'current-interval', 'missed'],
      ['good', 'current-interval', 'met'],
    ]);
    const probeTask = { task: 'probe', lastRunSeconds: nowSeconds + 60 };
    expect(led.tasks).toContainEqual(expect.objectContaining({ ...probeTask, lastSuccessSeconds: nowSeconds + 60 }));
    await writeProbeRecords(session, 'partitiond', [{ ...met, outcome: 'failed' }], 'SELECT 1', noAbort);
    const after = await read(database);
    expect(after.tasks).toContainEqual(expect.objectContaining({ ...probeTask, lastSuccessSeconds: after.installedSeconds }));
  });

  it('begin when the journal was made, and with no steps, where the history is too slow to wait for', async () => {
    await using database = await createDatabase();
    {
      await using session = await openSession(database);
      await installJournal(session, 'partitiond', noAbort);
    }
    await database.query("UPDATE partitiond.version SET installed_at = installed_at - interval '1 day'");
    await database.query('ALTER TABLE partitiond.hold RENAME TO real_hold');
    await database.query('CREATE VIEW partitiond.hold AS SELECT h.* FROM pg_sleep(60) AS s LEFT JOIN partitiond.real_hold AS h ON true');
    // Its 5 s are over sooner.
    const led = await read(database, { ...systemClock, sleep: (ms, signal) => systemClock.sleep(ms === 5_000 ? 1_000 : ms, signal) });
    expect(led.installedSeconds).toBeCloseTo(await moment(database, 'SELECT min(installed_at) FROM partitiond.version'), 3);
    expect(led.history).toEqual([]);
    const provision = led.tasks.find(({ task }) => task === 'provision');
    expect(provision?.lastSuccessSeconds).toBe(led.installedSeconds);
    expect(lines).toMatchObject([{ level: 'warn', msg: 'history not read', database: 'app', code: 'PD506' }]);
  });

  it('begin now where there is no journal', async () => {
    await using database = await createDatabase();
    const led = await read(database);
    expect(Math.abs(led.installedSeconds - Date.now() / 1000)).toBeLessThan(60);
    expect(led.tasks.map(({ task }) => task)).toEqual(['provision', 'retention', 'maintenance', 'index', 'migrate', 'probe', 'collect']);
  });
});
