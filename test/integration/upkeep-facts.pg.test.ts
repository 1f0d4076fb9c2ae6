import { describe, expect, it } from 'vitest';
import { readTables } from '../../src/catalog/read-tables.ts';
import { readUpkeep } from '../../src/catalog/read-upkeep.ts';
import { parseInstant } from '../../src/partition/calendar.ts';
import type { UpkeepMarks } from '../../src/partition/upkeep.ts';
import { createDatabase } from '../support/database.ts';
import { onlyOn } from '../support/only-on.ts';
import { noAbort, openSession } from '../support/open-session.ts';
import { policyOf } from '../support/reconcile.ts';
import { createEvents, eventually, factsOf, indexPolicy, maintained, names, noMarks, oidOf, run, upkeep } from '../support/upkeep-facts.ts';

describe('leaves', () => {
  it('are told when a threshold of their table may be passed, and left out otherwise', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    await createEvents(database);
    await run(
      database,
      `INSERT INTO events SELECT i, '2025-01-10Z' FROM generate_series(1, 5000) AS i;
       INSERT INTO events SELECT i, '2025-02-10Z' FROM generate_series(1, 5000) AS i`,
      'VACUUM ANALYZE events_1',
      'VACUUM ANALYZE events_2',
      'VACUUM ANALYZE events_3',
      'DELETE FROM events_1 WHERE id <= 1200',
    );
    const policy = maintained('events', { freezeClosed: false });
    const facts = await eventually(session, policy, ({ relations }) => relations.length === 1 && relations[0]?.deadRows === 1200);
    expect(names(facts)).toEqual(['events_1']);
    expect(facts.relations[0]).toEqual({
      oid: await oidOf(database, 'events_1'),
      name: { schema: 'public', name: 'events_1' },
      rootOid: await oidOf(database, 'events_1'),
      parentOid: await oidOf(database, 'events'),
      kind: 'table',
      mayMaintain: true,
      mayReindex: true,
      liveRows: 3800,
      deadRows: 1200,
      changedRows: 1200,
      isAnalyzed: true,
      analyzedAt: expect.any(BigInt),
      xidAge: expect.any(Number),
      mxidAge: expect.any(Number),
      filenode: expect.stringMatching(/^\d+$/),
      changes: 6200,
    });
    expect(facts).toMatchObject({
      isWhole: false,
      mayMaintain: true,
      freezeMaxAge: 200_000_000,
      multixactFreezeMaxAge: 400_000_000,
      marks: noMarks,
    });
    await run(database, 'VACUUM ANALYZE events_1');
    await eventually(session, policy, ({ relations }) => relations.length === 0);
    // Nobody watches a table without maintenance, and no number of rows matters there.
    await run(database, 'DELETE FROM events_1');
    expect((await factsOf(session, policyOf('events'))).relations).toEqual([]);
  });

  it('that were never analysed are told as soon as they have rows, and the last ANALYZE of the table itself', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    await createEvents(database);
    const policy = maintained('events', { freezeClosed: false });
    expect(await factsOf(session, policy)).toMatchObject({ relations: [], parentAnalyzedAt: null });
    await run(database, "INSERT INTO events SELECT i, '2025-02-10Z' FROM generate_series(1, 3) AS i");
    const facts = await eventually(session, policy, ({ relations }) => relations[0]?.changedRows === 3);
    expect(facts.relations[0]).toMatchObject({ liveRows: 3, changedRows: 3, isAnalyzed: false, analyzedAt: null });
    const before = await database.query<{ now: string }>('SELECT (EXTRACT(epoch FROM clock_timestamp()) * 1000000)::int8 AS now');
    await run(database, 'ANALYZE events');
    const after = await eventually(
      session,
      policy,
      ({ parentAnalyzedAt, relations }) => parentAnalyzedAt !== null && relations.length === 0,
    );
    expect(after.parentAnalyzedAt).toBeGreaterThanOrEqual(BigInt(before[0]?.now ?? 0));
  });

  it('that were never analysed are told when nothing of their rows has been counted', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    await createEvents(database);
    const policy = maintained('events', { freezeClosed: false });
    await run(database, "INSERT INTO events SELECT i, '2025-02-10Z' FROM generate_series(1, 3) AS i");
    await eventually(session, policy, ({ relations }) => relations[0]?.liveRows === 3);
    // As after a crash, a promotion or pg_upgrade.
    await run(database, 'SELECT pg_stat_reset()');
    const facts = await eventually(session, policy, ({ relations }) => relations[0]?.changes === 0);
    expect(names(facts)).toEqual(['events_2']);
    expect(facts.relations[0]).toMatchObject({ liveRows: 82, changedRows: 0, isAnalyzed: false, analyzedAt: null });
    // Whoever wants the table for himself is not waited for.
    const holder = await database.client();
    await holder.query('BEGIN; LOCK TABLE events_2 IN ACCESS EXCLUSIVE MODE');
    expect((await factsOf(session, policy)).relations).toEqual([]);
    await holder.query('ROLLBACK');
    await run(database, 'TRUNCATE events_2');
    expect((await factsOf(session, policy)).relations).toEqual([]);
  });

  it('are told until they are marked as frozen, and again when rows changed since or the table was rewritten', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    await createEvents(database);
    await run(
      database,
      "INSERT INTO events SELECT i, '2025-01-10Z' FROM generate_series(1, 100) AS i",
      'VACUUM (FREEZE, ANALYZE) events_1',
      'ANALYZE events_2',
      'ANALYZE events_3',
    );
    const policy = maintained('events');
    const facts = await eventually(session, policy, ({ relations }) => relations[0]?.changedRows === 0 && relations[0].changes === 100);
    expect(names(facts)).toEqual(['events_1']);
    const [first] = facts.relations;
    if (first === undefined) throw new Error('unreachable: it has just been seen');
    const { oid, filenode, changes } = first;
    expect(changes).toBe(100);
    const marked = (mark: { filenode: string; changes: number }): UpkeepMarks => ({
      frozen: new Map([[oid, { oid, ...mark }]]),
      indexes: [],
    });
    expect((await factsOf(session, policy, marked({ filenode, changes }))).relations).toEqual([]);
    // The statistics system began anew.
    expect((await factsOf(session, policy, marked({ filenode, changes: 5000 }))).relations).toEqual([]);
    expect(names(await factsOf(session, policy, marked({ filenode, changes: 99 })))).toEqual(['events_1']);
    expect(names(await factsOf(session, policy, marked({ filenode: '1', changes })))).toEqual(['events_1']);
    expect((await factsOf(session, maintained('events', { freezeClosed: false }))).relations).toEqual([]);
  });
});

describe('a role', () => {
  it('may maintain what it owns or acts as the owner of, and everything in its own database, but build indexes only of the former', async () => {
    await using database = await createDatabase();
    await createEvents(database);
    const [none, member, owner] = [
      await database.createRole('none'),
      await database.createRole('member'),
      await database.createRole('owner'),
    ];
    await run(database, "INSERT INTO events VALUES (1, '2025-01-10Z'), (1, '2025-02-10Z')");
    await database.query(`
      ALTER TABLE events_1 OWNER TO ${owner.name};
      GRANT ${owner.name} TO ${member.name}`);
    const seen = async (url?: string): Promise<unknown> => {
      await using session = await openSession(database, url);
      const facts = await eventually(session, maintained('events'), ({ relations }) => relations.length === 2);
      return {
        mayMaintain: [facts.mayMaintain, ...facts.relations.map(({ mayMaintain }) => mayMaintain)],
        mayBuild: [facts.mayCreateIndexes, ...facts.relations.map(({ mayReindex }) => mayReindex)],
      };
    };
    const [all, only, nothing] = [
      [true, true, true],
      [false, true, false],
      [false, false, false],
    ];
    expect(await seen()).toEqual({ mayMaintain: all, mayBuild: all });
    expect(await seen(none.url)).toEqual({ mayMaintain: nothing, mayBuild: nothing });
    expect(await seen(member.url)).toEqual({ mayMaintain: only, mayBuild: only });
    await database.query(`ALTER DATABASE ${database.name} OWNER TO ${none.name}`);
    try {
      // It could not drop what an interrupted build leaves behind.
      expect(await seen(none.url)).toEqual({ mayMaintain: all, mayBuild: nothing });
    } finally {
      await database.query(`ALTER DATABASE ${database.name} OWNER TO CURRENT_USER`);
      await database.query(`REASSIGN OWNED BY ${owner.name} TO CURRENT_USER`);
    }
  });

  it('may maintain what it was granted MAINTAIN on, or is a member of pg_maintain', async (context) => {
    onlyOn(context, (major) => major >= 17, 'MAINTAIN came with 17');
    await using database = await createDatabase();
    await createEvents(database);
    const role = await database.createRole('maintainer');
    await run(database, `INSERT INTO events VALUES (1, '2025-01-10Z'); GRANT MAINTAIN ON events TO ${role.name}`);
    await using session = await openSession(database, role.url);
    const facts = await eventually(session, maintained('events'), ({ relations }) => relations.length === 1);
    expect(facts).toMatchObject({ mayMaintain: true, mayCreateIndexes: false, relations: [{ mayMaintain: false }] });
    await database.query(`REVOKE MAINTAIN ON events FROM ${role.name}; GRANT pg_maintain TO ${role.name}`);
    expect(await factsOf(session, maintained('events'))).toMatchObject({
      mayMaintain: true,
      mayCreateIndexes: false,
      relations: [{ mayMaintain: true, mayReindex: false }],
    });
  });
});

describe('several tables', () => {
  it('are read together, each by its own policy, and one that is gone has nothing', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    await run(
      database,
      `CREATE TABLE a (at timestamptz NOT NULL) PARTITION BY RANGE (at);
       CREATE TABLE a_1 PARTITION OF a FOR VALUES FROM ('2025-01-01Z') TO ('2025-02-01Z');
       CREATE TABLE b (at timestamptz NOT NULL) PARTITION BY RANGE (at);
       CREATE TABLE b_1 PARTITION OF b FOR VALUES FROM ('2025-01-01Z') TO ('2025-02-01Z');
       INSERT INTO a SELECT '2025-01-10Z' FROM generate_series(1, 2000);
       INSERT INTO b SELECT '2025-01-10Z' FROM generate_series(1, 2000)`,
      'VACUUM ANALYZE',
      'DELETE FROM a',
      'DELETE FROM b',
    );
    const indexes = [indexPolicy('wanted', { partitions: { kind: 'current' } })];
    const policies = [policyOf('a'), maintained('b'), policyOf('a', { indexes })];
    await eventually(session, maintained('b', { freezeClosed: false }), ({ relations }) => relations[0]?.deadRows === 2000);
    session.reads.length = 0;
    const facts = await upkeep(session, policies);
    expect(facts.map((one) => [one.isWhole, names(one)])).toEqual([
      [false, []],
      [false, ['b_1']],
      [true, ['a_1']],
    ]);
    expect(session.reads.filter((name) => name.startsWith('read-upkeep'))).toHaveLength(3);
    const now = parseInstant('2025-03-10T12:00:00Z', 'UTC');
    const [state] = await readTables(session, { policies: [maintained('b')], now, detached: [], holds: [] }, noAbort);
    if (state?.kind !== 'partitioned') throw new Error('b was not read');
    await database.query('DROP TABLE b');
    expect(await readUpkeep(session, [{ policy: maintained('b'), table: state.table }], noMarks, noAbort)).toMatchObject([
      { mayMaintain: false, mayCreateIndexes: false, parentAnalyzedAt: null, relations: [], indexes: [] },
    ]);
    expect(await readUpkeep(session, [], noMarks, noAbort)).toEqual([]);
  });
});
