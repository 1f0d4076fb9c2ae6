import { describe, expect, it } from 'vitest';
import { adviseLocks, type LockedRelations, type LockSettings } from '../../../src/plan/advice/lock-advice.ts';

const standard: LockSettings = { version: 180_000, maxLocksPerTransaction: 64, maxConnections: 100, maxPreparedTransactions: 0 };

function relations(partitions: number, indexes = 1): LockedRelations {
  return { partitions, leafIndexes: partitions * indexes, parentIndexes: indexes };
}

describe('the locks of a statement that prunes nothing', () => {
  it('are the table, the partitions and their indexes, those of the table itself since 16', () => {
    expect(adviseLocks(relations(10, 3), standard).needed).toBe(1 + 10 + 30 + 3);
    expect(adviseLocks(relations(10, 3), { ...standard, version: 160_000 }).needed).toBe(44);
    expect(adviseLocks(relations(10, 3), { ...standard, version: 150_018 }).needed).toBe(41);
  });

  it('have room in the lock table of all sessions and prepared transactions', () => {
    expect(adviseLocks(relations(1), { ...standard, maxPreparedTransactions: 10 }).available).toBe(64 * 110);
  });

  it('are a problem above a quarter of the room, with the setting that would do', () => {
    expect(adviseLocks({ partitions: 1599, leafIndexes: 0, parentIndexes: 0 }, standard).problem).not.toContain('25');
    expect(adviseLocks({ partitions: 1600, leafIndexes: 0, parentIndexes: 0 }, standard).problem).toBe(
      'A statement that prunes nothing locks 1,601 relations (1,600 partitions and the indexes); that is 25.02 % of the 6,400 that all sessions have ' +
        'room for together: raise max_locks_per_transaction from 64 to 65 or more (needs a restart), have fewer partitions, or let statements prune.',
    );
  });

  it('may fail above all of the room', () => {
    const { problem } = adviseLocks({ partitions: 6_400, leafIndexes: 0, parentIndexes: 0 }, standard);
    expect(problem).toContain('the lock table has room for 6,400 of all sessions together, so it may fail with "out of shared memory"');
    expect(problem).toContain('raise max_locks_per_transaction from 64 to 257 or more');
    expect(adviseLocks({ partitions: 6_399, leafIndexes: 0, parentIndexes: 0 }, standard).problem).not.toContain('out of shared memory');
  });

  it('are a problem past the fast path: by the setting since 18, some hundred before', () => {
    const fifteen = { partitions: 15, leafIndexes: 0, parentIndexes: 0 };
    const sixteen = { partitions: 16, leafIndexes: 0, parentIndexes: 0 };
    const before = { ...standard, version: 170_010 };
    expect(adviseLocks({ ...fifteen, partitions: 299 }, before)).toMatchObject({ needed: 300, fastPath: 16, problem: null });
    expect(adviseLocks({ ...fifteen, partitions: 300 }, before).problem).toBe(
      'A statement that prunes nothing locks 301 relations (300 partitions and the indexes); a session takes 16 without contending with others (the ' +
        'fast path): have fewer partitions, or let statements prune.',
    );
    expect(adviseLocks(sixteen, standard)).toMatchObject({ fastPath: 64, problem: null });
    expect(adviseLocks({ ...fifteen, partitions: 64 }, standard).problem).toContain(
      'takes 64 without contending with others (the fast path): raise max_locks_per_transaction from 64 to 128 (needs a restart), have fewer',
    );
    expect(adviseLocks({ ...fifteen, partitions: 127 }, { ...standard, maxLocksPerTransaction: 100 }).problem).toBeNull();
    expect(adviseLocks(sixteen, { ...standard, maxLocksPerTransaction: 10 }).problem).toContain('takes 16 without');
  });

  it('are not to be cured by thousands of locks for each session', () => {
    const many = adviseLocks({ partitions: 20_000, leafIndexes: 0, parentIndexes: 0 }, { ...standard, maxLocksPerTransaction: 16_384 });
    expect(many.problem).toContain('takes 16,384 without contending with others (the fast path): have fewer partitions, or let');
  });
});
