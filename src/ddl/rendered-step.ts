import type { Batch, Lock, RenderedStep, Statement } from './statement.ts';

/** A transaction of metadata changes. */
export function briefTransaction(statements: readonly Statement[]): Batch {
  return { kind: 'transaction', statements, patience: 'brief', whenDetachPending: null };
}

/** One command that refuses to run inside a transaction block, and works for as long as it takes. */
export function longCommand(statement: Statement): Batch {
  return { kind: 'alone', statements: [statement], patience: 'long', whenDetachPending: null };
}

/** A step with the locks of all its statements, each once, in the order in which they are first taken. */
export function renderedStep(batches: readonly Batch[], cleanup: readonly Statement[] = []): RenderedStep {
  const locks = new Map<string, Lock>();
  for (const batch of batches) {
    for (const statement of batch.statements) {
      for (const lock of statement.locks) locks.set(`${lock.relation} ${lock.mode}`, lock);
    }
  }
  return { batches, locks: [...locks.values()], cleanup };
}
