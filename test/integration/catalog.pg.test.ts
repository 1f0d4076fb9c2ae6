import { describe, expect, it } from 'vitest';
import { readPartitionState } from '../../src/catalog/read-partition-state.ts';
import { readServerFacts } from '../../src/catalog/read-server-facts.ts';
import { systemClock } from '../../src/postgres/clock.ts';
import { createDatabase } from '../support/database.ts';
import { noAbort, openSession } from '../support/open-session.ts';
import { chosenMajor } from '../support/postgres-binaries.ts';

describe('readServerFacts', () => {
  it('puts the local clock in the middle of the round trip', async () => {
    await using database = await createDatabase();
    const role = await database.createRole('app');
    await using session = await openSession(database, role.url);
    const ticks = [1_000_000n, 5_000_000n];
    const facts = await readServerFacts(session, { ...systemClock, now: () => ticks.shift() ?? 0n }, noAbort);
    expect(facts).toMatchObject({ localNow: 3_000_000n, isInRecovery: false, role: role.name });
    expect(Math.floor(facts.version / 10_000)).toBe(chosenMajor());
    expect(Math.abs(Number(facts.now / 1000n) - Date.now())).toBeLessThan(60_000);
  });
});

describe('readPartitionState', () => {
  it('tells a partition of the table from any other table, and from none', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    await database.query(`
      CREATE TABLE events (at date) PARTITION BY RANGE (at);
      CREATE TABLE others (at date) PARTITION BY RANGE (at);
      CREATE TABLE "e.'1" PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2025-02-01');
      CREATE TABLE theirs PARTITION OF others FOR VALUES FROM ('2025-01-01') TO ('2025-02-01');
      CREATE TABLE loose (at date);
      CREATE VIEW seen AS SELECT 1;`);
    const [parent] = await database.query<{ oid: string }>("SELECT 'events'::regclass::oid::text AS oid");
    const tableOid = parent?.oid ?? '';
    const state = (name: string) => readPartitionState(session, tableOid, { schema: 'public', name }, noAbort);
    const attached = await state("e.'1");
    expect(attached).toMatchObject({ parentOid: tableOid, isDetachPending: false });
    expect(attached?.boundText).toBe("FOR VALUES FROM ('2025-01-01') TO ('2025-02-01')");
    expect(await state('theirs')).toMatchObject({ parentOid: null, boundText: null });
    expect(await state('loose')).toMatchObject({ parentOid: null, boundText: null, isDetachPending: false });
    expect(await state('seen')).toBeNull();
    expect(await state('absent')).toBeNull();
  });

  it('answers while somebody holds the partition exclusively', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    await database.query(`
      CREATE TABLE events (at date) PARTITION BY RANGE (at);
      CREATE TABLE e1 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2025-02-01');`);
    const [parent] = await database.query<{ oid: string }>("SELECT 'events'::regclass::oid::text AS oid");
    const locker = await database.client();
    await locker.query('BEGIN; LOCK TABLE e1 IN ACCESS EXCLUSIVE MODE');
    const state = await readPartitionState(session, parent?.oid ?? '', { schema: 'public', name: 'e1' }, noAbort);
    expect(state?.boundText).toContain('2025-01-01');
    await locker.query('ROLLBACK');
  });
});
