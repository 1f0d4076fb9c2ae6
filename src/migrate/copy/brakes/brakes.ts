import { Pressure } from '../../../apply/upkeep/pressure.ts';
import type { Moment } from '../../../apply/upkeep/watch.sql.ts';
import { isInWindow } from '../../../partition/migration/daily-window.ts';
import type { MigrationPolicy } from '../../../partition/migration/policy.ts';
import type { BrakeReason } from '../../../partition/migration/status.ts';
import type { EpochMicros } from '../../../partition/position.ts';
import { CheckpointWatch } from './checkpoint-watch.ts';
import { CommitLatency } from './commit-latency.ts';
import type { Load } from './load.sql.ts';

/** Why no batch begins, for events and people. */
export interface Held {
  readonly reason: BrakeReason;
  readonly explanation: string;
}

/** What was seen of the server in one look. */
export interface FullLook {
  readonly moment: Moment;
  readonly load: Load;
  readonly commitMs: number;
  /** Monotonic, when it was seen. */
  readonly atMs: number;
}

/** Whether the copy may go on, from what was seen last. Decides and remembers; who looks is watch.ts. */
export class Brakes {
  readonly #policy: Pick<MigrationPolicy, 'window' | 'brakes'>;
  readonly #timezone: string;
  readonly #pressure = new Pressure();
  readonly #latency: CommitLatency;
  readonly #checkpoints = new CheckpointWatch();
  #last: FullLook | null = null;
  #waiters = 0;

  constructor(policy: Pick<MigrationPolicy, 'window' | 'brakes'>, timezone: string, idleCommitsMs: readonly number[]) {
    this.#policy = policy;
    this.#timezone = timezone;
    this.#latency = new CommitLatency(idleCommitsMs);
  }

  observe(look: FullLook): void {
    this.#last = look;
    this.#pressure.observe(look.moment, [], new Set());
    this.#latency.observe(look.commitMs);
    this.#checkpoints.observe(look.load, look.atMs);
  }

  /** Sessions of others that wait for one of ours. */
  observeWaiters(waiters: number): void {
    this.#waiters = waiters;
  }

  /** Null: batches may begin. `nowMs` is monotonic; the window is looked up by the server's clock. */
  held(nowMs: number): Held | null {
    if (this.#last === null) return null;
    const now = this.#last.moment.now + BigInt(Math.round((nowMs - this.#last.atMs) * 1000));
    return this.#window(now) ?? this.#replication(this.#last.load) ?? this.#locks() ?? this.#load(nowMs);
  }

  #window(now: EpochMicros): Held | null {
    if (isInWindow(this.#policy.window, this.#timezone, now)) return null;
    return { reason: 'window', explanation: `It is outside the migration's window (${this.#timezone}).` };
  }

  #replication({ slot, slotBytes }: Load): Held | null {
    const { replicaLagMs, slotWalBytes } = this.#policy.brakes;
    const lagMs = this.#pressure.lagMs;
    if (lagMs > replicaLagMs) {
      const explanation = `A standby is ${Math.round(lagMs)} ms behind, more than ${replicaLagMs} ms (brakes.replicaLag).`;
      return { reason: 'replication-lag', explanation };
    }
    if (slot === null || slotBytes === null || slotBytes <= slotWalBytes) return null;
    const explanation = `Replication slot ${slot} holds back ${slotBytes} bytes of WAL, more than ${slotWalBytes} (brakes.slotWal).`;
    return { reason: 'replication-lag', explanation };
  }

  #locks(): Held | null {
    if (this.#waiters === 0) return null;
    return { reason: 'lock', explanation: `${this.#waiters} sessions wait for a lock of the migration.` };
  }

  #load(nowMs: number): Held | null {
    const { commitLatencyFactor } = this.#policy.brakes;
    const slow = this.#latency.slowness(commitLatencyFactor);
    if (slow !== null) {
      const { commitMs, idleMs } = slow;
      const explanation =
        `A commit takes ${commitMs.toFixed(1)} ms, ` +
        `more than ${commitLatencyFactor} times the ${idleMs.toFixed(1)} ms before the copy (brakes.commitLatencyFactor).`;
      return { reason: 'load', explanation };
    }
    if (!this.#checkpoints.isPressing(nowMs)) return null;
    return { reason: 'load', explanation: 'A checkpoint came before its time, as much WAL was written (max_wal_size).' };
  }
}
