import type { Load } from './load.sql.ts';

/** Of `max_wal_size`, that must be written between two checkpoints for the log's growth to be what asked for the second. */
const share = 0.25;
/** How long a checkpoint that the log's growth has asked for holds the copy: its first writes and everybody's full pages come then. Milliseconds. */
const restMs = 2_000;

/** Whether the log grows so fast that checkpoints come before their time. Those that somebody ordered (DROP DATABASE, a backup) do not count. Pure. */
export class CheckpointWatch {
  #seen: { readonly requested: number; readonly written: bigint } | null = null;
  #untilMs = Number.NEGATIVE_INFINITY;

  observe({ requestedCheckpoints, written, maxWalSize }: Load, nowMs: number): void {
    const before = this.#seen;
    if (before?.requested === requestedCheckpoints) return;
    this.#seen = { requested: requestedCheckpoints, written };
    if (before === null || requestedCheckpoints < before.requested) return;
    if (Number(written - before.written) >= share * maxWalSize) this.#untilMs = nowMs + restMs;
  }

  isPressing(nowMs: number): boolean {
    return nowMs < this.#untilMs;
  }
}
