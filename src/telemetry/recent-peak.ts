/** The greatest of what was seen in the last `windowSeconds`; 0 when nothing was. */
export class RecentPeak {
  readonly #windowSeconds: number;
  /** Oldest first; what a later, greater one outshines is gone. */
  #seen: readonly { readonly value: number; readonly atSeconds: number }[] = [];

  constructor(windowSeconds: number) {
    this.#windowSeconds = windowSeconds;
  }

  see(value: number, atSeconds: number): void {
    this.#seen = [...this.#seen.filter((one) => one.value > value), { value, atSeconds }];
  }

  at(nowSeconds: number): number {
    this.#seen = this.#seen.filter(({ atSeconds }) => atSeconds > nowSeconds - this.#windowSeconds);
    return this.#seen[0]?.value ?? 0;
  }
}
