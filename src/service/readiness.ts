/** Who may believe that it leads although it does not: its lock was not confirmed for this long. */
const longestUnconfirmedMs = 30_000;

export interface Confirmable {
  readonly name: string;
  /** Milliseconds since the lock of leadership was last confirmed; 0 while following. */
  readonly unconfirmedMs: number;
}

/**
 * The answers of /livez and /readyz: null when all is well, else a sentence. Neither asks a database: one that is down is a matter for
 * alerts, a restart of this process would not bring it back.
 */
export class Readiness {
  readonly #databases: readonly Confirmable[];
  #state: 'starting' | 'ready' | 'stopping' = 'starting';

  constructor(databases: readonly Confirmable[]) {
    this.#databases = databases;
  }

  started(): void {
    if (this.#state === 'starting') this.#state = 'ready';
  }

  stopping(): void {
    this.#state = 'stopping';
  }

  explainDead(): string | null {
    const stuck = this.#databases.find((database) => database.unconfirmedMs > longestUnconfirmedMs);
    if (stuck === undefined) return null;
    return `Believes that it leads ${stuck.name}, but has not confirmed that for ${Math.round(stuck.unconfirmedMs / 1000)} s.`;
  }

  explainUnready(): string | null {
    return this.#state === 'ready' ? null : `The daemon is ${this.#state}.`;
  }
}
