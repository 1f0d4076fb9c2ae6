import { describe, expect, it } from 'vitest';
import { ConnectionError, NotLeaderError, StatementError } from '../../src/errors.ts';
import { claimLeadership, epochGuard } from '../../src/journal/leadership.ts';
import { parseInstant } from '../../src/partition/calendar.ts';
import { systemClock } from '../../src/postgres/clock.ts';
import type { NamedSql } from '../../src/postgres/named-sql.ts';
import type { Session } from '../../src/postgres/session.ts';
import type { ReconcileEvent, RunReport } from '../../src/reconcile/event.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { noAbort, openSession } from '../support/open-session.ts';
import { attachedPartitions, policyOf, reconcile, testSafety } from '../support/reconcile.ts';

const now = parseInstant('2025-03-10T12:00:00Z', 'UTC');
const policies = [policyOf('first', { premake: 1 }), policyOf('second', { premake: 1 })];

async function createTables(database: TestDatabase): Promise<void> {
  for (const name of ['first', 'second']) await database.query(`CREATE TABLE ${name} (at timestamptz NOT NULL) PARTITION BY RANGE (at)`);
}

/** A session whose reads come after `before`, which may fail in their stead. */
function readingAfter(before: (query: NamedSql) => Promise<void>): (session: Session) => Session {
  return (session) => ({
    pid: session.pid,
    rows: async (...parameters) => {
      await before(parameters[0]);
      return await session.rows(...parameters);
    },
    execute: (...parameters) => session.execute(...parameters),
    complete: (...parameters) => session.complete(...parameters),
    transaction: (...parameters) => session.transaction(...parameters),
    onLost: (listener) => session.onLost(listener),
    onNotice: (listener) => session.onNotice(listener),
    close: () => session.close(),
  });
}

function outcomes(report: RunReport): readonly (readonly string[])[] {
  return report.tables.map((table) => table.steps.map((step) => step.outcome));
}

function failures(events: readonly ReconcileEvent[]): readonly string[] {
  return events.flatMap((event) => (event.kind === 'table-failed' ? [`${event.table.name} ${event.phase} ${event.error.code}`] : []));
}

/** Calls `react` for each event, after `events` has taken it. */
function reacting(events: ReconcileEvent[], react: (event: ReconcileEvent) => void): { observe(event: ReconcileEvent): void } {
  return {
    observe: (event) => {
      events.push(event);
      react(event);
    },
  };
}

describe('a run that ends early', () => {
  it('keeps what was done when it is aborted, and says what was not', async () => {
    await using database = await createDatabase();
    await createTables(database);
    const interrupt = new AbortController();
    const events: ReconcileEvent[] = [];
    const context = reacting(events, (event) => {
      if (event.kind === 'step-finished') interrupt.abort(new Error('interrupted'));
    });
    const report = await reconcile(database, policies, { request: { now }, context, signal: interrupt.signal });
    expect(outcomes(report)).toEqual([
      ['ok', 'skipped'],
      ['skipped', 'skipped'],
    ]);
    expect(report.tables.map((table) => table.error)).toEqual([null, null]);
    expect(events.at(-1)).toMatchObject({ kind: 'run-finished', outcome: 'aborted', report });
    expect(await database.query('SELECT outcome FROM partitiond.run')).toEqual([{ outcome: 'aborted' }]);
    expect(await attachedPartitions(database, 'first')).toHaveLength(1);
  });

  it('keeps what was done when it is aborted while the table is read again', async () => {
    await using database = await createDatabase();
    await createTables(database);
    const interrupt = new AbortController();
    let steps = 0;
    const context = reacting([], (event) => {
      if (event.kind === 'step-finished') steps += 1;
    });
    let isDue = false;
    const wrap = readingAfter(async () => {
      isDue ||= steps === 2;
      if (isDue && !interrupt.signal.aborted) interrupt.abort(new Error('interrupted'));
    });
    const report = await reconcile(database, policies, { request: { now }, context, signal: interrupt.signal, wrap });
    expect(outcomes(report)).toEqual([
      ['ok', 'ok'],
      ['skipped', 'skipped'],
    ]);
  });

  it('keeps what was done when the connection is lost before the table is read again', async () => {
    await using database = await createDatabase();
    await createTables(database);
    const events: ReconcileEvent[] = [];
    let steps = 0;
    const context = reacting(events, (event) => {
      if (event.kind === 'step-finished') steps += 1;
    });
    const wrap = readingAfter(async () => {
      if (steps === 2) throw new ConnectionError('PD206', 'gone');
    });
    const report = await reconcile(database, policies, { request: { now }, context, wrap });
    expect(outcomes(report)).toEqual([
      ['ok', 'ok'],
      ['skipped', 'skipped'],
    ]);
    expect(report.tables.map((table) => table.error?.code)).toEqual(['PD206', 'PD206']);
    expect(failures(events)).toEqual(['first verify PD206']);
    expect(events.at(-1)).toMatchObject({ kind: 'run-finished', outcome: 'failed' });
  });

  it('tells the observer and the journal when nothing could be read', async () => {
    await using database = await createDatabase();
    await createTables(database);
    await reconcile(database, []);
    const events: ReconcileEvent[] = [];
    let isLost = false;
    const wrap = readingAfter(async () => {
      if (isLost || (await database.query('SELECT FROM partitiond.run WHERE outcome IS NULL')).length === 0) return;
      isLost = true;
      throw new ConnectionError('PD206', 'gone');
    });
    await expect(reconcile(database, policies, { request: { now }, events, wrap })).rejects.toBeInstanceOf(ConnectionError);
    expect(events.at(-1)).toMatchObject({ kind: 'run-finished', outcome: 'failed', report: { tables: [] } });
    expect(await database.query('SELECT outcome FROM partitiond.run ORDER BY started_at')).toEqual([
      { outcome: 'ok' },
      { outcome: 'failed' },
    ]);
  });

  it('ends at the first step that another leader fences', async () => {
    await using database = await createDatabase();
    await createTables(database);
    await reconcile(database, []);
    await using session = await openSession(database);
    const claim = { holder: 'test', configurationGeneration: '' };
    const old = await claimLeadership(session, 'partitiond', claim, noAbort);
    const open = 'SELECT FROM partitiond.run WHERE outcome IS NULL';
    const wrap = readingAfter(async () => {
      if ((await database.query(open)).length > 0) await claimLeadership(session, 'partitiond', claim, noAbort);
    });
    const context = { epochGuard: epochGuard('partitiond', old) };
    const report = await reconcile(database, policies, { request: { now }, context, wrap });
    expect(outcomes(report)).toEqual([
      ['failed', 'skipped'],
      ['skipped', 'skipped'],
    ]);
    expect(report.tables[0]?.steps[0]?.error).toBeInstanceOf(NotLeaderError);
    expect(report.tables[1]?.error).toBeInstanceOf(NotLeaderError);
    await expect(reconcile(database, policies, { request: { now }, context })).rejects.toBeInstanceOf(NotLeaderError);
    const outcomesOfRuns = await database.query('SELECT outcome FROM partitiond.run ORDER BY started_at');
    expect(outcomesOfRuns).toEqual([{ outcome: 'ok' }, { outcome: 'interrupted' }]);
  });
});

describe('a table that is read again before its steps', () => {
  it('is reported when that fails, and its steps are skipped', async () => {
    await using database = await createDatabase();
    await createTables(database);
    const events: ReconcileEvent[] = [];
    let isBroken = false;
    const context = reacting(events, (event) => {
      isBroken = event.kind === 'table-planned' && event.table.name === 'first';
    });
    const wrap = readingAfter(async () => {
      if (isBroken) throw new StatementError('PD501', 'no', '57014');
    });
    const report = await reconcile(database, policies, { request: { now }, context, wrap });
    expect(failures(events)).toEqual(['first read PD501']);
    expect(outcomes(report)).toEqual([
      ['skipped', 'skipped'],
      ['ok', 'ok'],
    ]);
  });

  it('is left alone when somebody has paused the database meanwhile, and so are the tables after it', async () => {
    await using database = await createDatabase();
    await createTables(database);
    let isDue = false;
    const context = reacting([], (event) => {
      if (event.kind === 'table-finished' && event.table.name === 'first') isDue = true;
    });
    const wrap = readingAfter(async () => {
      if (!isDue) return;
      isDue = false;
      await database.query("INSERT INTO partitiond.pause (reason, who) VALUES ('release', 'ops')");
    });
    const report = await reconcile(database, [...policies, policyOf('third')], { request: { now }, context, wrap });
    expect(outcomes(report).slice(0, 2)).toEqual([
      ['ok', 'ok'],
      ['refused', 'refused'],
    ]);
    expect(report.pause?.reason).toBe('release');
    expect(await attachedPartitions(database, 'second')).toEqual([]);
  });
});

describe('a table that is dropped between reading and planning', () => {
  it('fails in planning, and the others go on', async () => {
    await using database = await createDatabase();
    await createTables(database);
    const events: ReconcileEvent[] = [];
    const wrap = readingAfter(async (query) => {
      if (query.name === 'read-templates') await database.query('DROP TABLE IF EXISTS first');
    });
    const report = await reconcile(database, policies, { request: { now }, events, wrap });
    expect(failures(events)).toEqual(['first plan PD904']);
    expect(outcomes(report)).toEqual([[], ['ok', 'ok']]);
  });
});

describe('tables that cannot be read together', () => {
  const slowly = (clock: { ms: number }, isSlow: (reads: number) => boolean): ReturnType<typeof readingAfter> => {
    let reads = 0;
    return readingAfter(async (query) => {
      if (query.name !== 'read-parents') return;
      reads += 1;
      if (!isSlow(reads)) return;
      clock.ms += testSafety.statementTimeoutMs;
      throw new StatementError('PD501', 'canceling statement due to statement timeout', '57014');
    });
  };

  const many = ['first', 'second', 'third', 'fourth'].map((name) => policyOf(name));

  it('are read one by one for two statement timeouts, and those that are not reached say so', async () => {
    await using database = await createDatabase();
    await createTables(database);
    const elapsed = { ms: 0 };
    const context = { clock: { ...systemClock, monotonicMs: () => elapsed.ms } };
    const report = await reconcile(database, many, { request: { mode: 'plan' }, context, wrap: slowly(elapsed, () => true) });
    expect(report.tables.map((table) => table.error?.code)).toEqual(['PD501', 'PD501', 'PD504', 'PD504']);
    expect(report.tables[3]?.error?.message).toMatch(/public\.fourth was not looked at.*safety\.statementTimeout/);
  });

  it('are all read when one by one they are fast', async () => {
    await using database = await createDatabase();
    await createTables(database);
    const elapsed = { ms: 0 };
    const context = { clock: { ...systemClock, monotonicMs: () => elapsed.ms } };
    const wrap = slowly(elapsed, (reads) => reads <= 2);
    const report = await reconcile(database, many, { request: { mode: 'plan' }, context, wrap });
    expect(report.tables.map((table) => table.error?.code ?? null)).toEqual(['PD501', null, null, null]);
  });
});
