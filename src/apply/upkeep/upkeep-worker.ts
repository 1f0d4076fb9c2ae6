import { InvariantError } from '../../errors.ts';
import type { OperationEnd, OperationStart } from '../../journal/operations.ts';
import { renderWholeOperations } from '../../journal/whole-operations.ts';
import { namedSql } from '../../postgres/named-sql.ts';
import { row, text } from '../../postgres/row-decoder.ts';
import type { Session } from '../../postgres/session.ts';
import type { ApplyContext } from '../apply-context.ts';
import { sendToJournal } from './journal-message.ts';

const commandSettingNames = ['lock_timeout', 'statement_timeout', 'vacuum_cost_delay', 'vacuum_cost_limit'] as const;

/** What a command that stands alone runs under, set for the session; null: as the server has it. */
export type CommandSettings = Readonly<Record<(typeof commandSettingNames)[number], string | null>>;

const pinnedSql = namedSql(
  'read-pinned-timeouts',
  /* sql */ `
  SELECT
    pg_catalog.current_setting('lock_timeout') AS "lock_timeout",
    pg_catalog.current_setting('statement_timeout') AS "statement_timeout"`,
);

const decodePinned = row<Pick<CommandSettings, 'lock_timeout' | 'statement_timeout'>>({ lock_timeout: text, statement_timeout: text });

async function readPinned(session: Session, signal: AbortSignal): Promise<CommandSettings> {
  const [pinned] = await session.rows(pinnedSql, [], decodePinned, signal);
  if (pinned === undefined) throw new InvariantError('PD910', 'read-pinned-timeouts returned no row');
  return { ...pinned, vacuum_cost_delay: null, vacuum_cost_limit: null };
}

/** So many steps, or so many milliseconds of them, are written down together. */
const notedSteps = 25;
const notedMs = 1_000;

/** An operation that is over, at a moment of the context's clock. */
interface Noted {
  readonly start: OperationStart;
  readonly end: Omit<OperationEnd, 'id'>;
  readonly endedAt: number;
}

/**
 * A session that works on one step after the other, and what it still has to write down. Over hundreds of small partitions, a message and a
 * commit of their own for the beginning and the end of each cost a third of the work (VACUUM of 500 with 4,000 rows each). So the end of a step
 * travels in the message that begins the next, and steps that need no entry before they begin are written down many at a time.
 */
export class UpkeepWorker {
  readonly session: Session;
  #owed: readonly string[] = [];
  #noted: Noted[] = [];
  #settings: Partial<CommandSettings> = {};
  /** As the session had them at first; null: it has them still. */
  #pinned: CommandSettings | null = null;

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
    this.#pinned ??= await readPinned(this.session, signal);
    const changed = this.#changed(settings);
    this.#settings = {};
    await sendToJournal(this.session, [...this.#takeOwed(context), ...entries], changed, context, signal);
    this.#settings = settings;
  }

  /** Sets the session up like `begin`, without entries: most often there is nothing to send. Throws as `begin` does. */
  async prepare(settings: CommandSettings, context: ApplyContext, signal: AbortSignal): Promise<void> {
    const [oldest] = this.#noted;
    const isDue = this.#noted.length >= notedSteps || (oldest !== undefined && context.clock.monotonicMs() - oldest.endedAt >= notedMs);
    if (isDue || this.#changed(settings).length > 0) await this.begin([], settings, context, signal);
  }

  /** Gives the session the timeouts that it was pinned to, which a command may have lifted, and writes down what is owed. Throws as `begin` does. */
  async restore(context: ApplyContext, signal: AbortSignal): Promise<void> {
    if (this.#pinned === null) return await this.settle(context, signal);
    await this.begin([], this.#pinned, context, signal);
  }

  /** To be written down with the next `begin`, or by `settle`. */
  owe(statements: readonly string[]): void {
    this.#owed = [...this.#owed, ...statements];
  }

  /** Likewise, both ends of an operation that was not begun in the journal. */
  note(operation: Noted): void {
    this.#noted.push(operation);
  }

  /** Writes down what is owed. Never throws: it is history, and the catalog is what counts. */
  async settle(context: ApplyContext, signal: AbortSignal): Promise<void> {
    const owed = this.#takeOwed(context);
    if (owed.length === 0 || this.isLost) return;
    await sendToJournal(this.session, owed, [], context, signal).catch(() => undefined);
  }

  #takeOwed({ journal, clock }: ApplyContext): readonly string[] {
    const now = clock.monotonicMs();
    const noted = this.#noted.map(({ start, end, endedAt }) => ({ start, end, endedMsAgo: Math.max(0, now - endedAt) }));
    const whole = renderWholeOperations(journal.schema, noted);
    const owed = [...this.#owed, ...(whole === null ? [] : [whole])];
    this.#owed = [];
    this.#noted = [];
    return owed;
  }

  #changed(settings: CommandSettings): readonly string[] {
    return commandSettingNames.flatMap((name) => {
      const value = settings[name];
      if (this.#settings[name] === value) return [];
      return [value === null ? `RESET ${name}` : `SET ${name} = '${value}'`];
    });
  }
}
