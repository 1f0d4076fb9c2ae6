import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatInterval, parseInterval } from '../../../src/partition/interval.ts';
import type { TablePolicy } from '../../../src/partition/policy.ts';
import { adviseInterval } from '../../../src/plan/advice/interval-advice.ts';
import { adviseLocks } from '../../../src/plan/advice/lock-advice.ts';
import { codecOf, keep, policyOf } from '../../support/model.ts';

const day = 86_400;
const codecs = { calendar: codecOf('timestamp with time zone'), integer: codecOf('bigint') } as const;
const widths = new Map(['1 hour', '1 day', '1 week', '1 month', '1 quarter', '1 year'].map((text, index) => [text, index]));

const arrival = fc.record({
  interval: fc.constantFrom('1 hour', '1 day', '1 week', '1 month', '1 quarter', '1 year', 100, 1000, 4096),
  pace: fc.double({ min: 0, max: 1e9, noNaN: true }),
  covered: fc.integer({ min: 0, max: 5000 * day }),
  kept: fc.option(fc.integer({ min: 1, max: 5000 * day })),
});

describe('advice', () => {
  it('never answers a greater target by a narrower interval', () => {
    fc.assert(
      fc.property(
        arrival,
        fc.array(fc.integer({ min: 1, max: 2 ** 50 }), { minLength: 2, maxLength: 30 }),
        ({ interval, ...one }, targets) => {
          const parsed = parseInterval(interval);
          const codec = codecs[parsed.kind];
          const rank = (policy: TablePolicy): number => {
            const advice = adviseInterval(policy, codec, one)?.interval ?? policy.interval;
            return advice.kind === 'integer' ? Number(advice.step) : (widths.get(formatInterval(advice)) ?? Number.NaN);
          };
          const ranks = targets
            .toSorted((a, b) => a - b)
            .map((targetPartitionBytes) =>
              rank(policyOf({ interval: parsed, targetPartitionBytes, retention: one.kept === null ? null : keep('1 day') })),
            );
          for (const [index, width] of ranks.entries()) expect(width).toBeGreaterThanOrEqual(ranks[Math.max(0, index - 1)] ?? Number.NaN);
        },
      ),
    );
  });

  it('proposes what fits the target or is nearest to it, in finite numbers', () => {
    fc.assert(
      fc.property(arrival, fc.integer({ min: 1, max: 2 ** 50 }), ({ interval, ...one }, targetPartitionBytes) => {
        const policy = policyOf({ interval: parseInterval(interval), targetPartitionBytes });
        const advice = adviseInterval(policy, codecs[policy.interval.kind], one);
        if (advice === null) return;
        expect(advice.interval).not.toEqual(policy.interval);
        expect(Number.isFinite(advice.bytes)).toBe(true);
        expect(advice.bytes <= targetPartitionBytes || advice.reason.includes('the nearest there is')).toBe(true);
        expect(advice.reason).not.toMatch(/NaN|Infinity|undefined|-\d/);
      }),
    );
  });

  it('about locks names a setting under which the statement has room', () => {
    const counts = fc.record({ partitions: fc.nat(100_000), leafIndexes: fc.nat(500_000), parentIndexes: fc.nat(20) });
    const settings = fc.record({
      version: fc.constantFrom(140_000, 150_000, 160_000, 170_000, 180_000),
      maxLocksPerTransaction: fc.integer({ min: 10, max: 100_000 }),
      maxConnections: fc.integer({ min: 1, max: 5000 }),
      maxPreparedTransactions: fc.nat(1000),
    });
    fc.assert(
      fc.property(counts, settings, (relations, server) => {
        const before = adviseLocks(relations, server);
        expect(before.problem ?? '').not.toMatch(/NaN|Infinity|undefined/);
        const [, raised] = /to ([\d,]+)(?: or more)? \(needs a restart\)/.exec(before.problem ?? '') ?? [];
        if (raised === undefined) return;
        const maxLocksPerTransaction = Number(raised.replaceAll(',', ''));
        expect(maxLocksPerTransaction).toBeGreaterThan(server.maxLocksPerTransaction);
        const after = adviseLocks(relations, { ...server, maxLocksPerTransaction });
        expect(after.problem ?? 'the fast path').toContain('the fast path');
      }),
    );
  });
});
