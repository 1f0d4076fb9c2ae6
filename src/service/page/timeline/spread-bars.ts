import type { Bar } from './bar.ts';
import { joinTwo } from './join-bars.ts';
import { narrowest, type Scale } from './scale.ts';

/** So far from its place a bar may be drawn; of the width. */
const farthest = 0.01;

/** A bar with its ends on the drawing, as shares of the width. */
export interface DrawnBar {
  readonly bar: Bar;
  readonly left: number;
  readonly right: number;
}

/**
 * Where `bars` (sorted by their lower ends) are drawn. One that is too narrow to be seen is widened, and the next one begins where it ends
 * rather than painting it over. Narrow ones that would be pushed too far from their place are joined to the one before, as long as the crowd
 * lasts. Pure.
 */
export function spreadBars(bars: readonly Bar[], scale: Scale): readonly DrawnBar[] {
  const drawn: DrawnBar[] = [];
  // The end of the last bar where that was widened. Ranges that really overlap, as those of pending detaches may, stay where they are.
  let widened = 0;
  for (const bar of bars) {
    const from = scale.at(bar.from, 'left');
    const to = scale.at(bar.to, 'right');
    const last = drawn.at(-1);
    const isCrowded = widened - from > farthest && to < widened + narrowest;
    if (last !== undefined && isCrowded) {
      drawn[drawn.length - 1] = { ...last, bar: joinTwo(last.bar, bar) };
      continue;
    }
    const left = Math.min(Math.max(from, widened), 1 - narrowest);
    const right = Math.max(to, left + narrowest);
    widened = right > to ? right : 0;
    drawn.push({ bar, left, right });
  }
  return drawn;
}
