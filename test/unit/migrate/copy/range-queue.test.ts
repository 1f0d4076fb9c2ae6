import { describe, expect, it } from 'vitest';
import { openRanges, RangeQueue, type TakenRange } from '../../../../src/migrate/copy/share/range-queue.ts';
import { seededRandom } from '../../../support/seeded-random.ts';

describe('openRanges', () => {
  it('is what the copied ranges leave, the partial end of the file included', () => {
    const copied = [
      { from: 30n, to: 40n },
      { from: 0n, to: 10n },
      { from: 10n, to: 20n },
    ];
    expect(openRanges(45n, copied)).toEqual([
      { from: 20n, to: 30n },
      { from: 40n, to: 45n },
    ]);
    expect(openRanges(40n, copied)).toEqual([{ from: 20n, to: 30n }]);
    expect(openRanges(0n, [])).toEqual([]);
  });
});

describe('RangeQueue', () => {
  it('hands each block to one worker until it is done, whatever is given back in between', () => {
    const random = seededRandom(7);
    const queue = new RangeQueue(3);
    queue.reset(5_000n, [{ from: 100n, to: 900n }]);
    const times = Array.from({ length: 5_000 }, () => 0);
    const held: TakenRange[] = [];
    const end = (range: TakenRange): void => {
      if (random() < 0.3) {
        queue.giveBack(range);
        return;
      }
      for (let block = Number(range.from); block < Number(range.to); block += 1) times[block] = (times[block] ?? 0) + 1;
      queue.done(range);
    };
    while (!queue.isDone) {
      const taken = held.length < 3 ? queue.take(BigInt(1 + Math.floor(random() * 300))) : null;
      if (taken !== null) held.push(taken);
      if (taken === null || random() < 0.5) held.splice(Math.floor(random() * held.length), 1).forEach(end);
    }
    const wanted = times.map((_, block) => (block >= 100 && block < 900 ? 0 : 1));
    expect(times).toEqual(wanted);
  });

  it('takes back nothing of a file that is no longer the source', () => {
    const queue = new RangeQueue(1);
    queue.reset(100n, []);
    const old = queue.take(50n);
    queue.reset(10n, []);
    if (old !== null) queue.giveBack(old);
    expect(queue.openBlocks).toBe(10n);
    expect(queue.take(50n)).toMatchObject({ from: 0n, to: 10n });
    if (old !== null) queue.done(old);
    expect(queue.isDone).toBe(false);
  });

  it('shares a small rest among the workers', () => {
    const queue = new RangeQueue(2);
    queue.reset(1_000n, []);
    const [first, second] = [queue.take(10_000n), queue.take(10_000n)];
    expect(first).toMatchObject({ from: 0n, to: 501n });
    expect(second).toMatchObject({ from: 501n });
  });
});
