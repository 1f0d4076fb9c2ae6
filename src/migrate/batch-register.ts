/**
 * The snapshots of the batches in flight. A captured position may only be consumed when its transaction is visible in every one of them: a batch
 * with an older snapshot would bring back the row that replay has just replaced. A batch registers before it begins, and replay takes its own
 * snapshot before it asks, so a batch that replay does not see here has a younger snapshot than replay has.
 */
export class BatchRegister {
  readonly #batches = new Set<Ticket>();

  begin(): BatchTicket {
    const ticket = new Ticket((ended) => this.#batches.delete(ended));
    this.#batches.add(ticket);
    return ticket;
  }

  /** `pg_snapshot` texts of all batches in flight, once each of them knows its own or has ended. */
  async snapshots(): Promise<readonly string[]> {
    const known = await Promise.all([...this.#batches].map((ticket) => ticket.snapshot));
    return known.flatMap((snapshot) => (snapshot === null ? [] : [snapshot]));
  }
}

export interface BatchTicket {
  /** `pg_current_snapshot()` of the batch's transaction. */
  know(snapshot: string): void;
  /** Committed, or rolled back for good. May be called twice. */
  end(): void;
}

class Ticket implements BatchTicket {
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
