import type { Clock } from '../postgres/clock.ts';

/** Who may believe that it leads although it does not: its lock was not confirmed for this long. */
const longestUnconfirmedMs = 30_000;

/** Timers that are so late belong to an event loop that is stuck, or to a scheduler that has died. */
const longestLateMs = 60_000;
const beatEveryMs = 5_000;

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
  readonly #databases: Iterable<Confirmable>;
  readonly #clock: Clock;
  #state: 'starting' | 'ready' | 'stopping' = 'starting';
  /** Monotonic time of the last beat; null before the start. */
  #beatAtMs: number | null = null;
  #beats: NodeJS.Timeout | null = null;

  constructor(databases: Iterable<Confirmable>, clock: Clock) {
    this.#databases = databases;
    this.#clock = clock;
  }

  started(): void {
    if (this.#state !== 'starting') return;
    this.#state = 'ready';
    this.#beat();
    this.#beats = setInterval(() => this.#beat(), beatEveryMs).unref();
  }

  stopping(): void {
    this.#state = 'stopping';
    if (this.#beats !== null) clearInterval(this.#beats);
  }

  explainDead(): string | null {
    const stuck = [...this.#databases].find((database) => database.unconfirmedMs > longestUnconfirmedMs);
    if (stuck === undefined) return this.#explainLate();
    return `Believes that it leads ${stuck.name}, but has not confirmed that for ${Math.round(stuck.unconfirmedMs / 1000)} s.`;
  }

  explainUnready(): string | null {
    return this.#state === 'ready' ? null : `The daemon is ${this.#state}.`;
  }

  #beat(): void {
    this.#beatAtMs = this.#clock.monotonicMs();
  }

  #explainLate(): string | null {
    const lateMs = this.#beatAtMs === null ? 0 : this.#clock.monotonicMs() - this.#beatAtMs - beatEveryMs;
    return lateMs > longestLateMs ? `Timers are ${Math.round(lateMs / 1000)} s late.` : null;
  }
}
