import { connectSession, type Session } from '../../src/postgres/session.ts';
import type { TestDatabase } from './database.ts';

/** A session as the program opens it, that remembers the names of the reads it ran. */
export interface TestSession extends Session, AsyncDisposable {
  readonly reads: string[];
}

export const noAbort: AbortSignal = new AbortController().signal;

/** As the superuser, or as the role of `url`; hold it by `await using`. Declare it after the database, so that it closes first. */
export async function openSession(database: TestDatabase, url: string = database.url): Promise<TestSession> {
  const settings = { applicationName: 'partitiond:test', statementTimeoutMs: 30_000, lockTimeoutMs: 100 };
  const session = await connectSession({ kind: 'url', url }, settings, noAbort);
  const reads: string[] = [];
  return {
    pid: session.pid,
    reads,
    rows: (query, parameters, decode, signal) => {
      reads.push(query.name);
      return session.rows(query, parameters, decode, signal);
    },
    execute: (sql, signal) => session.execute(sql, signal),
    complete: (statements, signal) => session.complete(statements, signal),
    transaction: (body, signal) => session.transaction(body, signal),
    onLost: (listener) => session.onLost(listener),
    onNotice: (listener) => session.onNotice(listener),
    close: () => session.close(),
    [Symbol.asyncDispose]: () => session.close(),
  };
}
