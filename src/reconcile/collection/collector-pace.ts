/** Sizes cost a look at the file system for each relation; a little less than 15 minutes, so that a minute's schedule meets it. */
const everyMs = 14.5 * 60_000;
/** Half a minute less than two, likewise. */
const firstRetryMs = 1.5 * 60_000;

/**
 * When a collector that is not to run in every collection is due: about every 15 minutes, and sooner after a failure, yet less and less often,
 * as a query that fails may be a dear one. Times as of `monotonicMs`.
 */
export class CollectorPace {
  #dueMs: number = Number.NEGATIVE_INFINITY;
  #failures = 0;

  isDue(nowMs: number): boolean {
    return nowMs >= this.#dueMs;
  }

  /** Whether it did not fail the last time. */
  get isHealthy(): boolean {
    return this.#failures === 0;
  }

  ended(isSuccess: boolean, nowMs: number): void {
    this.#failures = isSuccess ? 0 : this.#failures + 1;
    this.#dueMs = nowMs + (isSuccess ? everyMs : Math.min(firstRetryMs * 2 ** (this.#failures - 1), everyMs));
  }
}
