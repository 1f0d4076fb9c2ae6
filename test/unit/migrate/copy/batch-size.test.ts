import { describe, expect, it } from 'vitest';
import { type BatchSize, firstBatch, nextBatchSize } from '../../../../src/migrate/copy/share/batch-size.ts';
import { ConflictMemory } from '../../../../src/migrate/copy/share/conflict-memory.ts';
import { seededRandom } from '../../../support/seeded-random.ts';

describe('nextBatchSize', () => {
  it('begins small and comes within a fifth of the wanted time, on a machine whose batches vary by a third', () => {
    const random = seededRandom(3);
    let size: BatchSize = firstBatch;
    expect(size.blocks * 8192).toBeLessThanOrEqual(2 ** 20);
    const sizes: number[] = [];
    for (let batch = 0; batch < 60; batch += 1) {
      const ms = (2 + size.blocks / 12) * (0.67 + 0.66 * random());
      size = nextBatchSize(size, { blocks: size.blocks, ms }, 300);
      sizes.push(size.blocks);
    }
    const settled = sizes.slice(20);
    const mean = settled.reduce((sum, blocks) => sum + blocks, 0) / settled.length;
    expect(mean / 12).toBeGreaterThan(240);
    expect(mean / 12).toBeLessThan(360);
    expect(sizes.findIndex((blocks) => blocks > 2_000)).toBeLessThan(8);
  });

  it('grows by no more than threefold and shrinks by no more than to a quarter, between 8 blocks and 1 GiB', () => {
    const settled: BatchSize = { blocks: 4_000, blocksPerMs: 12 };
    expect(nextBatchSize(settled, { blocks: 4_000, ms: 60_000 }, 300).blocks).toBeGreaterThanOrEqual(1_000);
    expect(nextBatchSize(firstBatch, { blocks: 64, ms: 0 }, 300).blocks).toBe(192);
    let size: BatchSize = firstBatch;
    for (let batch = 0; batch < 20; batch += 1) size = nextBatchSize(size, { blocks: size.blocks, ms: 0.01 }, 300);
    expect(size.blocks).toBe(131_072);
    for (let batch = 0; batch < 40; batch += 1) size = nextBatchSize(size, { blocks: size.blocks, ms: 60_000 }, 300);
    expect(size.blocks).toBe(8);
  });
});

describe('ConflictMemory', () => {
  it('is careful for 200 batches after 5 of 20 were in vain, and then tries anew', () => {
    const memory = new ConflictMemory();
    for (const isInVain of [true, true, true, true, ...Array.from({ length: 19 }, () => false), true]) memory.remember(isInVain);
    expect(memory.isCareful()).toBe(false);
    for (let batch = 0; batch < 4; batch += 1) memory.remember(true);
    expect(Array.from({ length: 201 }, () => memory.isCareful()).filter((isCareful) => isCareful)).toHaveLength(200);
  });
});
