import type { MigrationPhase } from '../../partition/migration/spec.ts';
import type { MigrationEvent } from '../event.ts';

/** Gathers from what a migration tells how long each part of it took. */
export class TrialMeter {
  readonly #monotonicMs: () => number;
  readonly #begun = new Map<MigrationPhase, number>();
  #firstBatchAt: number | null = null;
  #lastBatchAt = 0;
  #rows = 0;

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  observe(event: MigrationEvent): void {
    const now = this.#monotonicMs();
    if (event.kind === 'migration-phase') this.#begun.set(event.phase, now);
    if (event.kind === 'batch-copied') {
      this.#rows += event.rows;
      this.#firstBatchAt ??= now - event.durationMs;
    }
    if (event.kind === 'batch-copied' || event.kind === 'batch-checked') this.#lastBatchAt = now;
  }

  get rows(): number {
    return this.#rows;
  }

  get copyMs(): number {
    return this.#firstBatchAt === null ? 0 : this.#lastBatchAt - this.#firstBatchAt;
  }

  get indexMs(): number {
    return this.#between('index', 'verify');
  }

  get verifyMs(): number {
    return this.#between('verify', 'ready');
  }

  #between(from: MigrationPhase, to: MigrationPhase): number {
    return (this.#begun.get(to) ?? 0) - (this.#begun.get(from) ?? 0);
  }
}
