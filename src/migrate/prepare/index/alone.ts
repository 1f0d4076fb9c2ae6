import { withinLockBudget } from '../../../apply/lock-budget.ts';
import { quoteIdentifier } from '../../../partition/qualified-name.ts';
import type { Session } from '../../../postgres/session.ts';
import type { Engine } from '../../engine.ts';
import { emit } from '../../transactions.ts';

/** A command that refuses to run inside a transaction block. */
export interface LoneCommand {
  readonly doing: string;
  readonly sql: string;
  /** For a lock, 0: as long as it takes (CREATE INDEX CONCURRENTLY waits for transactions that hold nobody up); absent: the ladder's step. */
  readonly waitMs?: 0;
  /** The session's default while it runs. */
  readonly tablespace?: string | null;
}

/**
 * Runs it on a worker's session, under the ladder. The epoch is checked right before; should another process take over in the middle, it waits
 * for the workers' lock, which this session holds.
 */
export async function alone(
  engine: Engine,
  session: Session,
  { doing, sql, waitMs, tablespace = null }: LoneCommand,
  signal: AbortSignal,
): Promise<void> {
  const { safety, clock } = engine.surroundings;
  const startedAt = clock.monotonicMs();
  await withinLockBudget(
    {
      doing,
      run: async (lockTimeoutMs) => {
        await session.execute(`${engine.guardSql}; SET lock_timeout = '${waitMs ?? lockTimeoutMs}ms'`, signal);
        if (tablespace !== null) await session.execute(`SET default_tablespace = ${quoteIdentifier(tablespace)}`, signal);
        try {
          await session.execute(sql, signal);
        } finally {
          const back = [`SET lock_timeout = '${safety.lockTimeoutMs}ms'`, 'SET default_tablespace = DEFAULT'];
          await session.complete(back, signal).catch(() => undefined);
        }
      },
      readBlockers: () => Promise.resolve([]),
      onTimeout: () => undefined,
      whatIsLeft: () => '',
    },
    { attemptMs: safety.lockTimeoutMs, totalMs: safety.lockBudgetMs, pauseMs: safety.lockTimeoutMs },
    clock,
    signal,
  );
  emit(engine, { kind: 'migration-step', step: doing, sql: [sql], durationMs: clock.monotonicMs() - startedAt });
}
