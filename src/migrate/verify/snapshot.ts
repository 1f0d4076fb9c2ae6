import { withinLockBudget } from '../../apply/lock-budget.ts';
import { readBlockers } from '../../apply/read-blockers.ts';
import { renderOpening } from '../../ddl/migration/compare/opening.ts';
import type { Lock } from '../../ddl/statement.ts';
import { StatementError } from '../../errors.ts';
import { type Sides, sidesOf } from '../../partition/migration/spec.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import type { Session } from '../../postgres/session.ts';
import { sqlstates } from '../../postgres/sqlstate.ts';
import type { Engine } from '../engine.ts';

/** A replay or another worker may write the same row of the journal; more often than that it is something else. */
const attemptsToSerialize = 5;

/**
 * Runs `body` in one REPEATABLE READ transaction on `session`, in whose snapshot both tables are as they were when their locks were obtained, and
 * commits what it writes into the journal. Throws `LockTimeoutError` with the blockers past `safety.lockBudget`, `NotLeaderError` when another
 * process has taken over, `StatementError` (42501) where a policy would hide rows from us.
 */
export async function inOneSnapshot<T>(
  engine: Engine,
  session: Session,
  task: { readonly doing: string; readonly reading: 'ranges' | 'single-rows' },
  body: (sides: Sides) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const { safety, clock } = engine.surroundings;
  const sides = sidesOf(engine.spec, engine.record.live);
  const [source, target] = sides.live.is === 'source' ? [sides.live, sides.follower] : [sides.follower, sides.live];
  const { value } = await withinLockBudget(
    {
      doing: task.doing,
      run: (lockTimeoutMs) =>
        serialized(() =>
          session.transaction(async () => {
            const timeout = `SET LOCAL lock_timeout = '${lockTimeoutMs}ms'`;
            await session.execute([timeout, ...renderOpening(source.name, target.name, task.reading), engine.guardSql].join(';\n'), signal);
            return await body(sides);
          }, signal),
        ),
      readBlockers: () => readBlockers(session, wanted(sides), false, signal),
      onTimeout: () => undefined,
      whatIsLeft: () => '',
    },
    { attemptMs: safety.lockTimeoutMs, totalMs: safety.lockBudgetMs, pauseMs: safety.lockTimeoutMs },
    clock,
    signal,
  );
  return value;
}

function wanted({ live, follower }: Sides): readonly Lock[] {
  return [live, follower].map(({ name }) => ({ relation: formatQualifiedName(name), mode: 'AccessShareLock' }));
}

async function serialized<T>(attempt: () => Promise<T>): Promise<T> {
  for (let n = 1; ; n += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (n === attemptsToSerialize || !isSerializationFailure(error)) throw error;
    }
  }
}

function isSerializationFailure(error: unknown): boolean {
  return error instanceof StatementError && error.sqlstate === sqlstates.serializationFailure;
}
