/** Blocks, half-open. */
export interface Blocks {
  readonly from: bigint;
  readonly to: bigint;
}

/** Handed out to one worker, which gives it back or says that it is done. */
export interface TakenRange extends Blocks {
  /** Which file the numbers mean; after a reset those of an earlier one mean nothing. */
  readonly generation: number;
}

/** A shared rest is cut no finer than this, for the last batches' sake. */
const finestShare = 64n;

/**
 * Who copies which blocks: each open block is handed out once. Pure bookkeeping; what is open comes from the journal. A rest that is smaller than
 * what everybody would take is shared, so that the workers end together.
 */
export class RangeQueue {
  readonly #workers: number;
  #open: Blocks[] = [];
  readonly #taken = new Set<TakenRange>();
  #generation = 0;

  constructor(workers: number) {
    this.#workers = workers;
  }

  /** Begins anew with a file of `blocks` blocks, of which `copied` need no copying; in any order, they may touch but not overlap. */
  reset(blocks: bigint, copied: readonly Blocks[]): void {
    this.#generation += 1;
    this.#taken.clear();
    this.#open = [...openRanges(blocks, copied)];
  }

  get generation(): number {
    return this.#generation;
  }

  get openBlocks(): bigint {
    return this.#open.reduce((sum, { from, to }) => sum + to - from, 0n);
  }

  /** Neither open nor in anybody's hands. */
  get isDone(): boolean {
    return this.#open.length === 0 && this.#taken.size === 0;
  }

  /** The next blocks, at most `most`; null: none are open at the moment. */
  take(most: bigint): TakenRange | null {
    const [first] = this.#open;
    if (first === undefined) return null;
    const share = this.openBlocks / BigInt(this.#workers) + 1n;
    const size = least(most, share > finestShare ? share : finestShare);
    const range = { from: first.from, to: least(first.from + size, first.to), generation: this.#generation };
    if (range.to === first.to) this.#open.shift();
    else this.#open[0] = { from: range.to, to: first.to };
    this.#taken.add(range);
    return range;
  }

  done(range: TakenRange): void {
    this.#taken.delete(range);
  }

  /** It was not copied and is open again, unless another file has come meanwhile. */
  giveBack(range: TakenRange): void {
    if (!this.#taken.delete(range)) return;
    const { from, to } = range;
    const at = this.#open.findIndex((open) => open.from > from);
    this.#open.splice(at === -1 ? this.#open.length : at, 0, { from, to });
  }
}

/** What `copied` leaves of the blocks from 0 to `blocks`, in order. */
export function openRanges(blocks: bigint, copied: readonly Blocks[]): readonly Blocks[] {
  const open: Blocks[] = [];
  let at = 0n;
  for (const { from, to } of copied.toSorted((a, b) => (a.from < b.from ? -1 : 1))) {
    if (from > at) open.push({ from: at, to: least(from, blocks) });
    if (to > at) at = to;
  }
  if (at < blocks) open.push({ from: at, to: blocks });
  return open.filter(({ from, to }) => from < to);
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
