/** Below this a commit is never slow: the scheduler of a busy machine alone takes as long. Milliseconds. */
const floorMs = 20;
/** One slow commit is chance. */
const looked = 3;
/** As many make a new idle value, when they are faster than all were before. */
const settled = 5;

/** What a commit of ours takes now against what it took before the copy. Pure. */
export class CommitLatency {
  #idleMs: number;
  #last: number[] = [];

  /** `idle`: some commits before the copy, at least one. Milliseconds. */
  constructor(idle: readonly number[]) {
    this.#idleMs = middle(idle);
  }

  observe(commitMs: number): void {
    this.#last = [...this.#last, commitMs].slice(-settled);
    // The server was perhaps busy when the copy began: what is faster now is nearer to idle.
    if (this.#last.length === settled) this.#idleMs = Math.min(this.#idleMs, middle(this.#last));
  }

  /** Null: it is not. */
  slowness(factor: number): { readonly commitMs: number; readonly idleMs: number } | null {
    const last = this.#last.slice(-looked);
    const commitMs = last.length < looked ? 0 : middle(last);
    return commitMs > Math.max(floorMs, factor * this.#idleMs) ? { commitMs, idleMs: this.#idleMs } : null;
  }
}

function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
