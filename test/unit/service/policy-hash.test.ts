import { describe, expect, it } from 'vitest';
import type { DatabasePolicy } from '../../../src/partition/policy.ts';
import { systemClock } from '../../../src/postgres/clock.ts';
import { backoffMs } from '../../../src/service/backoff.ts';
import { policyHash } from '../../../src/service/election/policy-hash.ts';
import { keep, policyOf } from '../../support/model.ts';

function database(changes: Partial<DatabasePolicy> = {}): DatabasePolicy {
  return {
    name: 'app',
    connection: { kind: 'url', url: 'postgresql://a' },
    journalSchema: 'partitiond',
    probeRole: null,
    tables: [policyOf()],
    ...changes,
  };
}

describe('the hash of a policy', () => {
  it('has 48 bits and is the same for the same policy', () => {
    expect(policyHash(database())).toMatch(/^[0-9a-f]{12}$/);
    expect(policyHash(database())).toBe(policyHash(database()));
  });

  it('changes with what is asked for, down to a big number', () => {
    const hashes = [
      database(),
      database({ tables: [policyOf({ premake: 5 })] }),
      database({ tables: [policyOf({ retention: keep('3 months') })] }),
      database({ tables: [policyOf({ startFrom: 1n })] }),
      database({ tables: [policyOf({ startFrom: 2n })] }),
      database({ journalSchema: 'other' }),
    ].map(policyHash);
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  it('does not depend on how the database is reached', () => {
    expect(policyHash(database({ connection: { kind: 'file', path: '/secret' } }))).toBe(policyHash(database()));
  });
});

describe('backing off', () => {
  it('doubles from half a second up to 30 s, half of it random', () => {
    const at = (random: number, failures: number): number => backoffMs(failures, { ...systemClock, random: () => random });
    expect([1, 2, 3, 6, 7, 50].map((failures) => at(1, failures))).toEqual([500, 1000, 2000, 16_000, 30_000, 30_000]);
    expect(at(0, 1)).toBe(250);
    expect(at(0, 50)).toBe(15_000);
  });
});
