import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseInstant } from '../../src/partition/calendar.ts';
import { parseInterval, parseSpan } from '../../src/partition/interval.ts';
import type { ReconcileEvent } from '../../src/reconcile/event.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { attachedPartitions, keep, policyOf, reconcile } from '../support/reconcile.ts';

const now = parseInstant('2025-03-10T12:00:00Z', 'UTC');

describe('reconcileDatabase', () => {
  it('makes the partition of now and those ahead, and then has nothing left to do', async () => {
    await using database = await createDatabase();
    await database.query('CREATE TABLE revenues (org_id bigint, occurred_at timestamptz NOT NULL) PARTITION BY RANGE (occurred_at)');
    const policy = policyOf('revenues', { interval: parseInterval('1 quarter'), name: '{table}_{yyyy}_q{q}' });
    const first = await reconcile(database, [policy], { request: { now } });
    expect(first.tables[0]?.steps.map((step) => `${step.step.partition.name} ${step.outcome}`)).toEqual([
      'revenues_2025_q1 ok',
      'revenues_2025_q2 ok',
      'revenues_2025_q3 ok',
    ]);
    const second = await reconcile(database, [policy], { request: { now } });
    expect(second.tables[0]?.plan?.steps).toEqual([]);
    const journal = await database.query('SELECT kind, outcome FROM partitiond.operation ORDER BY 1');
    expect(journal).toHaveLength(3);
  });

  it('goes on with the other tables when one cannot be read, is missing or fails', async () => {
    await using database = await createDatabase();
    await database.query(`
      CREATE TABLE good (at timestamptz NOT NULL) PARTITION BY RANGE (at);
      CREATE TABLE plain (at timestamptz NOT NULL);
      CREATE TABLE broken (at timestamptz NOT NULL) PARTITION BY RANGE (at);
      CREATE TABLE broken_2025_04_partner (at timestamptz NOT NULL);
      CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
        IF EXISTS (SELECT FROM pg_event_trigger_ddl_commands() WHERE object_identity LIKE '%broken%') THEN RAISE 'no'; END IF; END $$;
      CREATE EVENT TRIGGER refuse ON ddl_command_end EXECUTE FUNCTION refuse();`);
    const report = await reconcile(database, [policyOf('missing'), policyOf('plain'), policyOf('broken'), policyOf('good')], {
      request: { now },
    });
    expect(report.tables.map((table) => table.plan?.findings.map((finding) => finding.kind))).toEqual([
      ['not-partitioned'],
      ['not-partitioned'],
      [],
      [],
    ]);
    expect(report.tables[2]?.steps.map((step) => step.outcome)).toEqual(['failed', 'failed', 'failed']);
    expect(await attachedPartitions(database, 'good')).toHaveLength(3);
    await database.query('DROP EVENT TRIGGER refuse');
  });

  it('detaches what has left retention, drops it after the grace, and finds it again in between', async () => {
    await using database = await createDatabase();
    await database.query('CREATE TABLE events (at timestamptz NOT NULL) PARTITION BY RANGE (at)');
    const policy = policyOf('events', { startFrom: parseInstant('2024-12-01', 'UTC'), retention: keep('1 month', 'drop', '7 days') });
    await reconcile(database, [{ ...policy, retention: null }], { request: { now } });
    const detached = await reconcile(database, [policy], { request: { now } });
    expect(detached.tables[0]?.steps.map((step) => `${step.step.kind} ${step.step.partition.name} ${step.outcome}`)).toEqual([
      'detach-partition events_2024_12 ok',
      'detach-partition events_2025_01 ok',
    ]);
    const waiting = await reconcile(database, [policy], { request: { now } });
    expect(waiting.tables[0]?.plan?.steps).toEqual([]);
    const state = waiting.tables[0]?.state;
    expect(state?.kind === 'partitioned' ? state.table.detached.map((table) => table.name.name) : []).toEqual([
      'events_2024_12',
      'events_2025_01',
    ]);
    const week = 8n * 86_400_000_000n;
    // Detached tables are timed by the database's own clock, so the grace ends eight real days from now.
    const realNow = BigInt(Date.now()) * 1000n;
    const dropped = await reconcile(database, [{ ...policy, premake: 0 }], {
      request: { now: realNow + week, tasks: ['retention'], allowRemovals: 100 },
    });
    expect(dropped.tables[0]?.steps.filter((step) => step.step.kind === 'drop-table').map((step) => step.outcome)).toEqual(
      expect.arrayContaining(['ok', 'ok']),
    );
    const left = await database.query("SELECT FROM pg_class WHERE relname IN ('events_2024_12', 'events_2025_01')");
    expect(left).toHaveLength(0);
  });

  it('refuses a removal over the budget as a whole and names the command that allows it', async () => {
    await using database = await createDatabase();
    await database.query('CREATE TABLE events (at timestamptz NOT NULL) PARTITION BY RANGE (at)');
    const policy = policyOf('events', { startFrom: parseInstant('2024-01-01', 'UTC') });
    await reconcile(database, [policy], { request: { now } });
    const strict = { ...policy, retention: keep('1 month') };
    const refused = await reconcile(database, [strict], { request: { now } });
    expect(refused.tables[0]?.steps.map((step) => step.outcome)).toEqual(Array.from({ length: 13 }, () => 'refused'));
    expect(refused.tables[0]?.plan?.findings.map((finding) => finding.message).join()).toContain('--allow-removals 13');
    const allowed = await reconcile(database, [strict], { request: { now, allowRemovals: 13 } });
    expect(allowed.tables[0]?.steps.every((step) => step.outcome === 'ok')).toBe(true);
  });

  it('makes every partition but the one whose rows are in the default partition', async () => {
    await using database = await createDatabase();
    await database.query(`
      CREATE TABLE events (at timestamptz NOT NULL) PARTITION BY RANGE (at);
      CREATE TABLE events_default PARTITION OF events DEFAULT;
      INSERT INTO events VALUES ('2025-04-02Z');`);
    const report = await reconcile(database, [policyOf('events', { defaultPartition: 'keep' })], { request: { now } });
    expect(report.tables[0]?.steps.map((step) => `${step.step.partition.name} ${step.outcome}`)).toEqual([
      'events_2025_03 ok',
      'events_2025_05 ok',
      'events_2025_06 ok',
    ]);
    expect(report.tables[0]?.plan?.findings.map((finding) => finding.kind)).toEqual(['rows-in-default']);
    const guards = await database.query("SELECT conname FROM pg_constraint WHERE conname LIKE 'partitiond%'");
    expect(guards).toEqual([]);
  });

  it('changes nothing in mode plan, not even the journal schema', async () => {
    await using database = await createDatabase();
    await database.query('CREATE TABLE events (at timestamptz NOT NULL) PARTITION BY RANGE (at)');
    const before = await database.query('SELECT count(*) FROM pg_class');
    const report = await reconcile(database, [policyOf('events')], { request: { mode: 'plan' } });
    expect(report.tables[0]?.plan?.steps).toHaveLength(3);
    expect(await database.query('SELECT count(*) FROM pg_class')).toEqual(before);
    expect(await database.query("SELECT FROM pg_namespace WHERE nspname = 'partitiond'")).toEqual([]);
  });

  it('does nothing while it is paused, and says so', async () => {
    await using database = await createDatabase();
    await database.query('CREATE TABLE events (at timestamptz NOT NULL) PARTITION BY RANGE (at)');
    await reconcile(database, [], {});
    await database.query("INSERT INTO partitiond.pause (reason, who) VALUES ('release', 'ops')");
    const report = await reconcile(database, [policyOf('events')]);
    expect(report.pause?.reason).toBe('release');
    expect(report.tables[0]?.steps.map((step) => step.outcome)).toEqual(['refused', 'refused', 'refused']);
    expect(await attachedPartitions(database, 'events')).toEqual([]);
  });

  it('forgets the old history in runs of retention', async () => {
    await using database = await createDatabase();
    await reconcile(database, []);
    await database.query("UPDATE partitiond.run SET started_at = now() - interval '3 days'");
    const old = (): Promise<unknown[]> => database.query("SELECT FROM partitiond.run WHERE started_at < now() - interval '1 day'");
    const context = { journalKeepMs: 2 * 86_400_000 };
    await reconcile(database, [], { context, request: { tasks: ['provision'] } });
    expect(await old()).toHaveLength(1);
    await reconcile(database, [], { context, request: { tasks: ['retention'] } });
    expect(await old()).toEqual([]);
    expect(await database.query('SELECT outcome FROM partitiond.run')).toEqual([{ outcome: 'ok' }, { outcome: 'ok' }]);
  });

  it('tells the observer what it does, in order', async () => {
    await using database = await createDatabase();
    await database.query('CREATE TABLE events (at timestamptz NOT NULL) PARTITION BY RANGE (at)');
    const events: ReconcileEvent[] = [];
    await reconcile(database, [policyOf('events', { premake: 0 })], { events });
    expect(events.map((event) => event.kind)).toEqual([
      'run-started',
      'snapshot-read',
      'table-planned',
      'step-started',
      'step-finished',
      'table-finished',
      'run-finished',
    ]);
  });

  it('leaves nothing to plan after any policy was applied', async () => {
    await using database = await createDatabase();
    let run = 0;
    const property = fc.asyncProperty(anyPolicy, (made) => expectToSettle(database, made, `t${run++}`));
    await fc.assert(property, { numRuns: 15 });
  });
});

interface AnyPolicy {
  readonly interval: string;
  readonly premake: number;
  readonly timezone: string;
  readonly type: string;
  readonly defaultPartition: 'none' | 'managed';
  readonly keep: string | null;
  /** Seconds since 1970. */
  readonly at: number;
}

const anyPolicy: fc.Arbitrary<AnyPolicy> = fc
  .record({
    interval: fc.constantFrom('1 hour', '6 hours', '1 day', '3 days', '1 week', '1 month', '1 quarter', '1 year'),
    premake: fc.integer({ min: 0, max: 5 }),
    timezone: fc.constantFrom('UTC', 'Europe/Berlin', 'America/Sao_Paulo', 'Australia/Lord_Howe'),
    type: fc.constantFrom('timestamptz', 'timestamp', 'date', 'uuid'),
    defaultPartition: fc.constantFrom('none' as const, 'managed' as const),
    keep: fc.constantFrom(null, '2 days', '1 month'),
    at: fc.integer({ min: -86_400 * 365 * 20, max: 86_400 * 365 * 150 }),
  })
  .filter(({ type, interval, at }) => !(type === 'date' && interval.includes('hour')) && !(type === 'uuid' && at < 0));

async function expectToSettle(database: TestDatabase, made: AnyPolicy, table: string): Promise<void> {
  await database.query(`CREATE TABLE ${table} (k ${made.type} NOT NULL) PARTITION BY RANGE (k)`);
  const policy = policyOf(table, {
    interval: parseInterval(made.interval),
    premake: made.premake,
    timezone: made.timezone,
    name: '{table}_{from}',
    defaultPartition: made.defaultPartition,
    retention: made.keep === null ? null : { keep: parseSpan(made.keep), action: 'detach', grace: null, schema: null },
  });
  const at = BigInt(made.at) * 1_000_000n;
  const leap = (made.interval.includes('hour') ? 2n : 40n) * 86_400_000_000n;
  for (const later of [at, at + leap]) {
    const request = { now: later, allowRemovals: 1_000_000 };
    const [applied] = (await reconcile(database, [policy], { request })).tables;
    expect(applied?.error).toBeNull();
    expect(applied?.steps.filter((step) => step.outcome !== 'ok')).toEqual([]);
    // What was the last partition when planning began stays for one run more: making its successor could have failed.
    if (applied?.plan?.findings.some(({ kind }) => kind === 'last-partition')) await reconcile(database, [policy], { request });
    const [again] = (await reconcile(database, [policy], { request })).tables;
    expect(again?.plan?.steps).toEqual([]);
  }
}
