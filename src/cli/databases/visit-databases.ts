import { ConfigError, type PartitiondError } from '../../errors.ts';
import type { Safety } from '../../partition/policy.ts';
import { connectSession, type Session } from '../../postgres/session.ts';
import { toPartitiondError } from '../../reconcile/to-partitiond-error.ts';
import type { Io } from '../output/io.ts';
import type { Selection } from './selection.ts';

/** What came of one database: an answer, or the error that kept it from giving one; neither when an interrupt came first. */
export interface Visit<T> {
  readonly selection: Selection;
  readonly answer: T | null;
  readonly error: PartitiondError | null;
}

/**
 * Connects to one database after the other, asks, and closes; the answers are aligned with `selections`. One database's failure is its own,
 * the others go on. Throws `ConfigError` at once, for that cannot get better by going on; an interrupt leaves the remaining answers empty.
 */
export async function visitDatabases<T>(
  selections: readonly Selection[],
  command: string,
  safety: Safety,
  io: Io,
  ask: (session: Session, selection: Selection) => Promise<T>,
): Promise<readonly Visit<T>[]> {
  const visits: Visit<T>[] = [];
  for (const selection of selections) visits.push(await visitDatabase(selection, command, safety, io, ask));
  return visits;
}

async function visitDatabase<T>(
  selection: Selection,
  command: string,
  safety: Safety,
  io: Io,
  ask: (session: Session, selection: Selection) => Promise<T>,
): Promise<Visit<T>> {
  if (io.signal.aborted) return { selection, answer: null, error: null };
  const { database } = selection;
  const settings = {
    applicationName: `partitiond:${command}`,
    statementTimeoutMs: safety.statementTimeoutMs,
    lockTimeoutMs: safety.lockTimeoutMs,
  };
  let session: Session | null = null;
  try {
    session = await connectSession(database.connection, settings, io.signal);
    return { selection, answer: await ask(session, selection), error: null };
  } catch (error) {
    if (io.signal.aborted && error === io.signal.reason) return { selection, answer: null, error: null };
    if (error instanceof ConfigError) throw error;
    return { selection, answer: null, error: toPartitiondError(error, `work on database ${database.name}`, io.signal) };
  } finally {
    await session?.close();
  }
}
