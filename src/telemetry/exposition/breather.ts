/** Longest stretch of work at once, in milliseconds: confirming the lock of leadership and answering probes must not wait for metrics. */
const stretchMs = 10;

/** Lets others go on in the middle of long work. */
export class Breather {
  #startedAt = performance.now();

  /** Call it often; it gives way only when a stretch is over. */
  async breathe(): Promise<void> {
    if (performance.now() - this.#startedAt < stretchMs) return;
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    this.#startedAt = performance.now();
  }
}
