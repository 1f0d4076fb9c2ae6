import { ConnectionError, NotLeaderError, StatementError } from '../../errors.ts';
import type { DatabasePolicy } from '../../partition/policy.ts';
import { sqlstates } from '../../postgres/sqlstate.ts';
import { backoffMs } from '../backoff.ts';
import type { Surroundings } from '../surroundings.ts';
import { type Order, performTask } from './perform-task.ts';
import type { Performance } from './performance.ts';
import { isUnbounded } from './schedule.ts';
import type { TermFacts } from './term-facts.ts';
import { withinRuntime } from './within-runtime.ts';

/** More attempts than these are left to the next firing; by then the lock's connection has noticed too. */
const mostAttempts = 5;

/**
 * Runs a task, and again while only its connection fails, all within `schedules.maxRuntime` (maintenance, index and migrate have no such limit);
 * another attempt begins with the tables that the one before did not reach. When the connection stays away or the time is up (PD505), answers what is known of the tables, as failed, and
 * throws where nothing is. `explain` is told of every attempt that failed, also of the last.
 */
export async function attemptTask(
  order: Order,
  database: DatabasePolicy,
  facts: TermFacts,
  surroundings: Surroundings,
  signal: AbortSignal,
  explain: (error: unknown, attempt: number) => void,
): Promise<Performance> {
  const { clock, configuration } = surroundings;
  const limit = tooLong(order, database, configuration.schedules.maxRuntimeMs);
  let attempt = 1;
  const known: { last: Performance | null } = { last: null };
  const attempts = async (within: AbortSignal): Promise<Performance> => {
    for (; ; attempt += 1) {
      try {
        const first = known.last?.unreached ?? order.first;
        const performance = await performTask({ ...order, first }, database, facts, surroundings, within);
        known.last = performance;
        if (performance.lost === null) return performance;
        throw performance.lost;
      } catch (error) {
        if (within.aborted || !(error instanceof ConnectionError) || attempt === mostAttempts) throw error;
        explain(error, attempt);
      }
      await clock.sleep(backoffMs(attempt, clock), within);
    }
  };
  try {
    return isUnbounded(order.task) ? await attempts(signal) : await withinRuntime(limit, clock, signal, attempts);
  } catch (error) {
    if (!signal.aborted) explain(error, attempt);
    if (known.last === null || signal.aborted || error instanceof NotLeaderError) throw error;
    return { ...known.last, outcome: 'failed' };
  }
}

function tooLong({ task }: Order, { name }: DatabasePolicy, ms: number): { readonly ms: number; readonly error: StatementError } {
  const message =
    `The task ${task} of database ${name} was still at work after ${ms / 1_000} s, so it was stopped. What it has done stands, the next run ` +
    'goes on from there. If it needs that long, raise `schedules.maxRuntime`.';
  return { ms, error: new StatementError('PD505', message, sqlstates.queryCanceled) };
}
