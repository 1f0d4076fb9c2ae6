import { InvariantError } from '../errors.ts';

/**
 * The snapshots of the batches in flight. A captured position may only be consumed when its transaction is visible in the snapshot of each batch
 * whose rows replay's own snapshot does not show: such a batch may still bring an older row, and replay could not take that away. So replay
 * watches: it opens a watch, then takes its snapshot, then asks for the snapshots of all batches that were in flight since. Batches that begin
 * after that have a younger snapshot than replay; batches that ended before the watch are visible to it. (Asking only afterwards forgets a
 * batch that commits between the two; asking only before forgets one that begins between the two.)
 */
export class BatchRegister {
  readonly #batches = new Set<Ticket>();
  readonly #watches = new Set<Set<Ticket>>();
  readonly #holds = new Set<Promise<void>>();
  #whenIdle: (() => void)[] = [];

  /** A batch registers before its transaction begins. Waits while batches are held back; throws the signal's reason. */
  async enter(signal: AbortSignal): Promise<BatchTicket> {
    for (;;) {
      signal.throwIfAborted();
      const [hold] = this.#holds;
      if (hold === undefined) return this.begin();
      await unlessAborted(hold, signal);
    }
  }

  /** As `enter`, for who knows that batches are not held back just now; throws `InvariantError` when they are. */
  begin(): BatchTicket {
    if (this.#holds.size > 0) throw new InvariantError('PD921', 'a batch began while batches are held back');
    const ticket = new Ticket((ended) => this.#leave(ended));
    this.#batches.add(ticket);
    for (const seen of this.#watches) seen.add(ticket);
    return ticket;
  }

  /** Whether no batch is in flight. */
  get isIdle(): boolean {
    return this.#batches.size === 0;
  }

  /** Before a snapshot is taken; close it in any case. */
  watch(): BatchWatch {
    const seen = new Set(this.#batches);
    this.#watches.add(seen);
    return {
      snapshots: async (signal) => {
        const known = await unlessAborted(Promise.all([...seen].map((ticket) => ticket.snapshot)), signal);
        return known.flatMap((snapshot) => (snapshot === null ? [] : [snapshot]));
      },
      close: () => this.#watches.delete(seen),
    };
  }

  /** Lets no batch begin from now on and waits for those in flight; the answer lets them begin again. */
  async hold(signal: AbortSignal): Promise<() => void> {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    this.#holds.add(held);
    const letGo = (): void => {
      this.#holds.delete(held);
      release();
    };
    try {
      while (!this.isIdle) await unlessAborted(new Promise<void>((resolve) => this.#whenIdle.push(resolve)), signal);
      signal.throwIfAborted();
      return letGo;
    } catch (error) {
      letGo();
      throw error;
    }
  }

  #leave(ticket: Ticket): void {
    this.#batches.delete(ticket);
    if (!this.isIdle) return;
    const waiting = this.#whenIdle;
    this.#whenIdle = [];
    for (const resolve of waiting) resolve();
  }
}

export interface BatchTicket {
  /** `pg_current_snapshot()` of the batch's transaction. */
  know(snapshot: string): void;
  /** Committed, or rolled back for good. May be called twice. */
  end(): void;
}

export interface BatchWatch {
  /** `pg_snapshot` texts of all batches in flight since the watch began, ended ones too, once each of them knows its own or has ended without. */
  snapshots(signal: AbortSignal): Promise<readonly string[]>;
  close(): void;
}

class Ticket implements BatchTicket {
  /** Null: ended before it had one. */
  readonly snapshot: Promise<string | null>;
  #settle: (snapshot: string | null) => void = () => undefined;
  #isEnded = false;
  readonly #leave: (ticket: Ticket) => void;

  constructor(leave: (ticket: Ticket) => void) {
    this.#leave = leave;
    this.snapshot = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  know(snapshot: string): void {
    this.#settle(snapshot);
  }

  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#settle(null);
    this.#leave(this);
  }
}

async function unlessAborted<T>(waiting: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let wake = (): void => undefined;
  const aborted = new Promise<null>((resolve) => {
    wake = () => resolve(null);
    signal.addEventListener('abort', wake, { once: true });
  });
  try {
    const first = await Promise.race([waiting.then((value) => ({ value })), aborted]);
    if (first !== null) return first.value;
  } finally {
    signal.removeEventListener('abort', wake);
  }
  signal.throwIfAborted();
  throw new InvariantError('PD921', 'woken without an abort');
}
