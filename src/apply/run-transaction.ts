import { refusedSqlstate } from '../ddl/step/drop-table.ts';
import { StatementError } from '../errors.ts';
import type { Session } from '../postgres/session.ts';
import { classifyError, isLockFailure, sqlstates } from '../postgres/sqlstate.ts';

/** One transaction of a step, as texts without semicolons. */
export interface StepTransaction {
  /** Completes "Could not", for example `create-partition public.revenues_2025_q2`. */
  readonly doing: string;
  /**
   * Journal entries that commit beforehand, in the same message but a transaction of their own; empty when there are none. Nobody can tell
   * from a failure whether they were committed, so they are sent again with each attempt and must bear that.
   */
  readonly before: readonly string[];
  readonly epochGuard: string | null;
  readonly statements: readonly string[];
  /** Long: a scan, so no statement timeout; it is cancelled when `signal` aborts. Brief ones are left to commit, for seconds then. */
  readonly patience: 'brief' | 'long';
  /**
   * Each statement as a whole may take as long as the wait for one lock: one that takes a lock on every partition could wait anew for each, with
   * all before it held. Running out of time counts as a lock that was not obtained.
   */
  readonly isBounded?: boolean;
}

/**
 * Sends the transaction as one message: over a network with 1 ms to the server, 15 statements sent one by one would cost 15 ms. When it fails
 * for anything but a lock or a server that had enough, it is repeated statement by statement, as PostgreSQL does not say which of them failed.
 * Afterwards no transaction is open. Throws `StatementError` that names the statement, lock failures as they are (for the lock budget), the signal's reason.
 */
export async function runTransaction(
  session: Session,
  transaction: StepTransaction,
  lockTimeoutMs: number,
  signal: AbortSignal,
): Promise<void> {
  const opening = open(transaction, lockTimeoutMs);
  const name = `/* partitiond:${commentSafe(transaction.doing)} */`;
  const [first, ...rest] = [...renderBefore(transaction), ...opening, ...transaction.statements, 'COMMIT'];
  const send: Send = (statements) =>
    transaction.patience === 'long' ? session.execute(statements.join(';\n'), signal) : session.complete(statements, signal);
  const rollback: Rollback = () => session.complete(['ROLLBACK'], signal).catch(() => undefined);
  try {
    await send([`${name} ${first}`, ...rest]);
  } catch (error) {
    await rollback();
    if (transaction.isBounded === true && isOutOfTime(error)) throw tooLate(error);
    if (!isUnattributed(error) || transaction.statements.length === 1) throw error;
    await oneByOne(transaction, opening, send, rollback);
  }
}

/** Sends statements as one message. */
type Send = (statements: readonly string[]) => Promise<void>;

/** Never throws: without a transaction this is only a warning; without a connection there is nothing to roll back. */
type Rollback = () => Promise<void>;

function renderBefore(transaction: StepTransaction): readonly string[] {
  return transaction.before.length === 0 ? [] : [...openBefore(transaction), ...transaction.before, 'COMMIT'];
}

/** Not flushed: the entry must survive this program, not the server, and the step's own commit flushes it too. */
function openBefore(transaction: StepTransaction): readonly string[] {
  return ['BEGIN', 'SET LOCAL synchronous_commit = off', ...guards(transaction)];
}

function open(transaction: StepTransaction, lockTimeoutMs: number): readonly string[] {
  const timeout = transaction.isBounded === true ? [`SET LOCAL statement_timeout = '${lockTimeoutMs}ms'`] : unbounded(transaction);
  return ['BEGIN', `SET LOCAL lock_timeout = '${lockTimeoutMs}ms'`, ...timeout, ...guards(transaction)];
}

function unbounded({ patience }: StepTransaction): readonly string[] {
  return patience === 'long' ? ['SET LOCAL statement_timeout = 0'] : [];
}

function isOutOfTime(error: unknown): error is StatementError {
  return error instanceof StatementError && error.sqlstate === sqlstates.queryCanceled;
}

function tooLate(error: StatementError): StatementError {
  return new StatementError(error.code, error.message, sqlstates.lockNotAvailable, { cause: error, context: error.context });
}

function guards(transaction: StepTransaction): readonly string[] {
  return transaction.epochGuard === null ? [] : [transaction.epochGuard];
}

async function oneByOne(transaction: StepTransaction, opening: readonly string[], send: Send, rollback: Rollback): Promise<void> {
  const inTurn = async (begin: readonly string[], statements: readonly string[]): Promise<void> => {
    await send(begin);
    for (const sql of statements) await attributed(send, transaction.doing, sql);
    await send(['COMMIT']);
  };
  try {
    if (transaction.before.length > 0) await inTurn(openBefore(transaction), transaction.before);
    await inTurn(opening, transaction.statements);
  } catch (error) {
    await rollback();
    throw error;
  }
}

async function attributed(send: Send, doing: string, sql: string): Promise<void> {
  try {
    await send([sql]);
  } catch (error) {
    if (!isUnattributed(error)) throw error;
    throw classifyError(error.cause, `${doing}: ${firstLine(sql)}`, { sql });
  }
}

/** Cancelled, timed out or short of resources (classes 53 and 57): doing it all again would only cost the server the same once more. */
const hadEnough = /^5[37]/;

function isUnattributed(error: unknown): error is StatementError {
  return error instanceof StatementError && error.sqlstate !== refusedSqlstate && !hadEnough.test(error.sqlstate) && !isLockFailure(error);
}

function firstLine(sql: string): string {
  const line = sql.trim().split('\n', 1)[0] ?? '';
  return line.length <= 160 ? line : `${line.slice(0, 160)}...`;
}

function commentSafe(text: string): string {
  return text.replaceAll('*/', '* /').replaceAll('/*', '/ *');
}
