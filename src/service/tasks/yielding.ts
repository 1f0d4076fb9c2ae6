import { StatementError } from '../../errors.ts';
import type { Clock } from '../../postgres/clock.ts';
import { sqlstates } from '../../postgres/sqlstate.ts';
import type { GiveWay } from '../../probe/explain-probe.ts';
import { abortWith } from '../abort-with.ts';
import type { BlockedSessions } from './blocked-sessions.sql.ts';

/** What is at work gives way when somebody has waited behind it for longer than anybody shall. One at a time. */
export class Yielding {
  readonly #longestMs: number;
  readonly #clock: Clock;
  #atWork: { readonly stop: AbortController; readonly sinceMs: number } | null = null;

  /** `longestMs`: `safety.lockTimeout`. */
  constructor(longestMs: number, clock: Clock) {
    this.#longestMs = longestMs;
    this.#clock = clock;
  }

  readonly giveWay: GiveWay = async (body, signal) => {
    const stop = new AbortController();
    const part = abortWith(signal, stop);
    this.#atWork = { stop, sinceMs: this.#clock.monotonicMs() };
    try {
      return await body(stop.signal);
    } finally {
      this.#atWork = null;
      part();
    }
  };

  /** Whoever waits may have waited for others before; what is at work answers for its own time alone, and never for what was there before it. */
  heed({ waitedMs, lock }: BlockedSessions): void {
    if (this.#atWork === null || waitedMs === null) return;
    const { stop, sinceMs } = this.#atWork;
    const behindMs = Math.min(waitedMs, this.#clock.monotonicMs() - sinceMs);
    if (behindMs > this.#longestMs) stop.abort(gaveWay(lock ?? 'a lock', behindMs, this.#longestMs));
  }
}

function gaveWay(lock: string, behindMs: number, longestMs: number): StatementError {
  const message =
    `It gave way: another session waited behind it for ${lock}, for ${Math.round(behindMs)} ms by then, and \`safety.lockTimeout\` ` +
    `(${longestMs} ms) is the longest that anybody shall. Where that happens often let the probe ask for less, or run it without \`analyze\`.`;
  return new StatementError('PD535', message, sqlstates.queryCanceled);
}
