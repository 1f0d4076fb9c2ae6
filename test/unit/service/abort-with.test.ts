import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { abortWith } from '../../../src/service/abort-with.ts';

describe('a controller that goes with a signal', () => {
  it('is aborted for the reason of the signal, now or later', () => {
    const [outer, early, late] = [new AbortController(), new AbortController(), new AbortController()];
    abortWith(outer.signal, early);
    outer.abort('over');
    abortWith(outer.signal, late);
    expect([early.signal.reason, late.signal.reason]).toEqual(['over', 'over']);
  });

  it('goes on by itself, and leaves no listener behind, once the two are parted', () => {
    const [outer, inner] = [new AbortController(), new AbortController()];
    abortWith(outer.signal, inner)();
    expect(getEventListeners(outer.signal, 'abort')).toEqual([]);
    outer.abort();
    expect(inner.signal.aborted).toBe(false);
  });
});
