/** Lets many in side by side, until somebody wants to be alone: then those inside come out first and others wait. Of two who want that, one waits. */
export class Turnstile {
  #inside = 0;
  #alone: Promise<void> | null = null;
  #leaving: (() => void)[] = [];

  async among<T>(body: () => Promise<T>): Promise<T> {
    while (this.#alone !== null) await this.#alone;
    this.#inside += 1;
    try {
      return await body();
    } finally {
      this.#inside -= 1;
      if (this.#inside === 0) for (const tell of this.#leaving.splice(0)) tell();
    }
  }

  async alone<T>(body: () => Promise<T>): Promise<T> {
    while (this.#alone !== null) await this.#alone;
    let open: () => void = () => undefined;
    this.#alone = new Promise((resolve) => {
      open = resolve;
    });
    try {
      while (this.#inside > 0) {
        await new Promise<void>((resolve) => {
          this.#leaving.push(resolve);
        });
      }
      return await body();
    } finally {
      this.#alone = null;
      open();
    }
  }
}
