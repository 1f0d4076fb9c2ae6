import { isPosition } from '../../partition/position.ts';
import type { TableView } from './table-view.ts';

/** A pace is measured over at least one of these and at most two. */
const windowSeconds = 6 * 3600;
/** What two snapshots in a row say is mostly chance. */
const leastSeconds = 60;

interface Mark {
  readonly newest: bigint;
  readonly atSeconds: number;
}

/** Watches the newest value of an integer key from snapshot to snapshot, as such a key does not say when its rows came. */
export class KeyPace {
  #first: Mark | null = null;
  #middle: Mark | null = null;

  /**
   * When the key reaches the end of what is covered, in seconds since 1970; +Inf when it stands still or nothing ends; null while that
   * cannot be known.
   */
  exhaustion(key: NonNullable<TableView['key']>): number | null {
    const now: Mark = { newest: key.newest, atSeconds: key.readAtSeconds };
    // Behind what was seen before: another table by that name, or rows were deleted.
    if (this.#first === null || now.newest < this.#first.newest) this.#first = now;
    if (this.#middle === null || now.newest < this.#middle.newest) this.#middle = now;
    if (now.atSeconds - this.#middle.atSeconds >= windowSeconds) [this.#first, this.#middle] = [this.#middle, now];
    const elapsed = now.atSeconds - this.#first.atSeconds;
    if (elapsed < leastSeconds || key.end === null) return null;
    const pace = Number(now.newest - this.#first.newest) / elapsed;
    if (!isPosition(key.end) || pace === 0) return Number.POSITIVE_INFINITY;
    return now.atSeconds + Number(key.end - now.newest) / pace;
  }
}
