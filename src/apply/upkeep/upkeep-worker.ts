import type { Session } from '../../postgres/session.ts';
import type { ApplyContext } from '../apply-context.ts';

/** What a command that stands alone runs under, set for the session; null: as the server has it. */
export type CommandSettings = Readonly<
  Record<'lock_timeout' | 'statement_timeout' | 'vacuum_cost_delay' | 'vacuum_cost_limit', string | null>
>;

/**
 * A session that works on one step after the other, and what it still has to write down. The end of a step travels in the message that begins
 * the next: over hundreds of small partitions a message and a commit of its own would cost as much as the work. None of these commits is
 * flushed, as an entry must survive this program, not the server.
 */
export class UpkeepWorker {
  readonly session: Session;
  #owed: readonly string[] = [];
  #settings: Partial<CommandSettings> = {};

  constructor(session: Session) {
    this.session = session;
  }

  /** The connection went away while nothing was at work on it, or with a step. */
  isLost = false;

  /**
   * Commits `entries`, behind the epoch guard and with what is owed, and sets the session up for a command that cannot be part of a
   * transaction. One message. Throws what went wrong; no transaction is open afterwards, and what was owed is owed no longer.
   */
  async begin(entries: readonly string[], settings: CommandSettings, context: ApplyContext, signal: AbortSignal): Promise<void> {
    const owed = this.#owed;
    this.#owed = [];
    const changed = this.#changed(settings);
    this.#settings = {};
    await this.#send([...transaction([...owed, ...entries], context), ...changed], signal);
    this.#settings = settings;
  }

  /** To be written down with the next `begin`, or by `settle`. */
  owe(statements: readonly string[]): void {
    this.#owed = [...this.#owed, ...statements];
  }

  /** Writes down what is owed. Never throws: it is history, and the catalog is what counts. */
  async settle(context: ApplyContext, signal: AbortSignal): Promise<void> {
    const owed = this.#owed;
    this.#owed = [];
    if (owed.length === 0 || this.isLost) return;
    await this.#send(transaction(owed, context), signal).catch(() => undefined);
  }

  async #send(statements: readonly string[], signal: AbortSignal): Promise<void> {
    const [first, ...rest] = statements;
    try {
      await this.session.complete([`/* partitiond:upkeep */ ${first}`, ...rest], signal);
    } catch (error) {
      await this.session.complete(['ROLLBACK'], signal).catch(() => undefined);
      throw error;
    }
  }

  #changed(settings: CommandSettings): readonly string[] {
    return Object.entries(settings).flatMap(([name, value]) => {
      if (this.#settings[name as keyof CommandSettings] === value) return [];
      return [value === null ? `RESET ${name}` : `SET ${name} = '${value}'`];
    });
  }
}

/** The wait for a lock, of the journal's rows and the epoch's, is that of a brief step. */
function transaction(statements: readonly string[], { epochGuard, budget }: ApplyContext): readonly string[] {
  const guard = epochGuard === null ? [] : [epochGuard];
  const settings = ['SET LOCAL synchronous_commit = off', `SET LOCAL lock_timeout = '${budget.attemptMs}ms'`];
  return ['BEGIN', ...settings, ...guard, ...statements, 'COMMIT'];
}
