import type { Batch, Lock, Statement } from '../ddl/statement.ts';
import { InvariantError } from '../errors.ts';
import { formatQualifiedName } from '../partition/qualified-name.ts';
import type { DetachPartition } from '../plan/step.ts';
import { namedSql } from '../postgres/named-sql.ts';
import { row, text } from '../postgres/row-decoder.ts';
import { isLockFailure } from '../postgres/sqlstate.ts';
import { runTransaction } from './run-transaction.ts';
import { renderSpareMigrating } from './spare-migrating.ts';
import { doing, type StepRun, withinStepBudget } from './step-run.ts';
import { nothingIsLeft, pendingDetachIsLeft } from './what-is-left.ts';

/**
 * DETACH CONCURRENTLY under the ladder. Its first transaction marks the partition as pending, its second waits for everybody who may still
 * use it and then takes ACCESS EXCLUSIVE on it; a lock timeout in the second leaves the partition pending, its rows invisible and its range
 * closed. So after each failed attempt the catalog says where it stands, and a pending one is finished by FINALIZE under the same ladder.
 * When the budget ends in between, the next run's finalize-detach goes on. Cancelled on abort.
 */
export async function runConcurrentDetach(run: StepRun, step: DetachPartition, batch: Batch): Promise<void> {
  const [statement] = batch.statements;
  const finalize = batch.whenDetachPending;
  if (statement === undefined || finalize === null) {
    throw new InvariantError(
      'PD910',
      `The concurrent detach of ${formatQualifiedName(step.partition)} has no statement to run or to finish it.`,
    );
  }
  const timeouts = await readTimeouts(run);
  let position: 'attached' | 'pending' | 'gone' = 'attached';
  const waiting = {
    wanted: waitsOf(step, statement),
    waitsForSnapshots: true,
    whatIsLeft: () => (position === 'pending' ? pendingDetachIsLeft(step) : nothingIsLeft),
  };
  await withinStepBudget(run, waiting, async (lockTimeoutMs) => {
    try {
      if (position === 'attached') await detach(run, statement, timeouts, lockTimeoutMs);
      if (position === 'pending') await finish(run, finalize, lockTimeoutMs);
    } catch (error) {
      if (!isLockFailure(error)) throw error;
      position = await readPosition(run, step);
      if (position !== 'gone') throw error;
    }
  });
}

/** Waiting for all users of the parent shows up as a wait for their transactions, not for a lock on the parent; they are who blocks. */
function waitsOf(step: DetachPartition, statement: Statement): readonly Lock[] {
  return [...statement.locks, { relation: formatQualifiedName(step.table), mode: 'AccessExclusiveLock' }];
}

async function detach(run: StepRun, statement: Statement, timeouts: Timeouts, lockTimeoutMs: number): Promise<void> {
  const { session, context } = run;
  // CONCURRENTLY stands alone in its message: several statements in one would be a transaction block. Hence SET for the session, and back.
  const guard = context.epochGuard === null ? [] : [context.epochGuard];
  const opening = [...guard, ...renderSpareMigrating(run)];
  await session.complete([...opening, `SET lock_timeout = '${lockTimeoutMs}ms'`, 'SET statement_timeout = 0'], run.signal);
  try {
    await session.execute(`/* partitiond:detach-partition */ ${statement.sql}`, run.signal);
  } finally {
    const back = [`SET lock_timeout = '${timeouts.lock}'`, `SET statement_timeout = '${timeouts.statement}'`];
    await session.complete(back, run.signal).catch(() => undefined);
  }
}

async function finish(run: StepRun, finalize: Statement, lockTimeoutMs: number): Promise<void> {
  const transaction = {
    doing: doing(run.step),
    before: [],
    epochGuard: run.context.epochGuard,
    statements: [finalize.sql],
    patience: 'brief' as const,
  };
  await runTransaction(run.session, transaction, lockTimeoutMs, run.signal);
}

async function readPosition(run: StepRun, step: DetachPartition): Promise<'attached' | 'pending' | 'gone'> {
  const state = await run.context.readPartitionState(step.tableOid, step.partition);
  if (state === null || state.parentOid !== step.tableOid) return 'gone';
  return state.isDetachPending ? 'pending' : 'attached';
}

interface Timeouts {
  readonly lock: string;
  readonly statement: string;
}

const timeoutsSql = namedSql(
  'read-timeouts',
  /* sql */ `
  SELECT
    pg_catalog.current_setting('lock_timeout') AS "lock",
    pg_catalog.current_setting('statement_timeout') AS "statement"`,
);
const decodeTimeouts = row<Timeouts>({ lock: text, statement: text });

async function readTimeouts({ session, signal }: StepRun): Promise<Timeouts> {
  const [timeouts] = await session.rows(timeoutsSql, [], decodeTimeouts, signal);
  if (timeouts === undefined) throw new InvariantError('PD910', 'read-timeouts returned no row');
  return timeouts;
}
