import { describe, expect, it } from 'vitest';
import { firingOffsetMs } from '../../../src/service/tasks/firing-offset.ts';

const names = Array.from({ length: 50 }, (_, index) => `tenant${index}`);

describe('the place of a database after a firing', () => {
  it('is the same every time, and differs by task', () => {
    expect(firingOffsetMs('app', 'provision', 600_000)).toBe(firingOffsetMs('app', 'provision', 600_000));
    expect(firingOffsetMs('app', 'provision', 600_000)).not.toBe(firingOffsetMs('app', 'retention', 600_000));
  });

  it('spreads fifty databases over 30 s at most, so that no five seconds see a third of them', () => {
    const offsets = names.map((name) => firingOffsetMs(name, 'provision', 3_600_000));
    expect(Math.max(...offsets)).toBeLessThan(30_000);
    for (const slot of [0, 1, 2, 3, 4, 5]) {
      const together = offsets.filter((offset) => Math.floor(offset / 5_000) === slot);
      expect(together.length).toBeGreaterThan(0);
      expect(together.length).toBeLessThan(names.length / 3);
    }
  });

  it('takes a tenth of the gap where that is less', () => {
    const offsets = names.map((name) => firingOffsetMs(name, 'collect', 60_000));
    expect(Math.max(...offsets)).toBeLessThan(6_000);
    expect(Math.max(...offsets)).toBeGreaterThan(5_000);
    expect(firingOffsetMs('app', 'collect', 0)).toBe(0);
  });
});
