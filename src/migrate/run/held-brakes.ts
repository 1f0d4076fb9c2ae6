import type { BrakeReason } from '../../partition/migration/status.ts';
import type { MigrationEvent } from '../event.ts';

/** Brakes say so once and again while they hold; nothing says that one was let go. */
const forgottenAfterMs = 5_000;

/** What holds the copy back just now, and whether anything was done since somebody asked, gathered from what the workers tell. */
export class HeldBrakes {
  readonly #until = new Map<BrakeReason, number>();
  #hasProgressed = false;
  readonly #monotonicMs: () => number;

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  observe(event: MigrationEvent): void {
    if (event.kind === 'replayed' || event.kind === 'chunk-verified') this.#hasProgressed = true;
    if (event.kind === 'throttled') this.#until.set(event.reason, this.#monotonicMs() + event.ms + forgottenAfterMs);
  }

  /** Since the last call. Of the copy the canary writes it down. */
  progressed(): boolean {
    const progressed = this.#hasProgressed;
    this.#hasProgressed = false;
    return progressed;
  }

  /** In alphabetical order. */
  reasons(): readonly BrakeReason[] {
    const now = this.#monotonicMs();
    return [...this.#until].flatMap(([reason, until]) => (until > now ? [reason] : [])).toSorted();
  }
}
