import pg from 'pg';
import type { ConnectionState, SessionObserver } from './session-observer.ts';

/** Reports one connection to an observer, in such a way that on every path the moves of a connection add up to nothing once it is closed. */
export class ObservedConnection {
  readonly #observer: SessionObserver | undefined;
  #state: ConnectionState | null = null;
  #isClosed = false;

  constructor(observer: SessionObserver | undefined) {
    this.#observer = observer;
    this.#move('waiting');
  }

  connected(): void {
    this.#move('idle');
  }

  /** Waits for one statement to end; on one connection one follows the other. */
  async statement<T>(running: Promise<T>): Promise<T> {
    this.#move('active');
    try {
      return await running;
    } catch (error) {
      this.failed(error);
      throw error;
    } finally {
      this.#move('idle');
    }
  }

  /** Counts an error that the server answered with; any other is none of its business. */
  failed(error: unknown): void {
    if (error instanceof pg.DatabaseError && error.code !== undefined) this.#observer?.failed(error.code);
  }

  /** The connection is gone, closed or lost; whatever is reported later counts no more. */
  closed(): void {
    this.#move(null);
    this.#isClosed = true;
  }

  #move(to: ConnectionState | null): void {
    if (this.#isClosed || to === this.#state) return;
    const from = this.#state;
    this.#state = to;
    this.#observer?.moved(from, to);
  }
}
