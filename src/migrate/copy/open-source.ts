import { withinLockBudget } from '../../apply/lock-budget.ts';
import { readBlockers } from '../../apply/read-blockers.ts';
import { renderLockSource } from '../../ddl/migration/copy/lock-source.ts';
import { readSourceFile } from '../../journal/migration/ranges.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import type { Engine } from '../engine.ts';
import { fenced } from '../transactions.ts';
import { readPresentFile, reopenRanges, sourceOf } from './reopen-ranges.ts';

/**
 * Step 3, when capture is in place: notes the source's file and its blocks, all of them open. What was copied out of this same file stays
 * copied. Waits for its lock within `safety.lockBudget`; throws `LockTimeoutError` with the blockers.
 */
export async function openSource(engine: Engine, signal: AbortSignal): Promise<void> {
  const { session, surroundings, spec } = engine;
  const { safety, clock } = surroundings;
  const relation = formatQualifiedName(spec.table);
  await withinLockBudget(
    {
      doing: `read the file of ${relation}`,
      run: (lockTimeoutMs) =>
        fenced(
          engine,
          session,
          { level: 'read committed', isDurable: true },
          async () => {
            await session.execute(`SET LOCAL lock_timeout = '${lockTimeoutMs}ms'; ${renderLockSource(spec)}`, signal);
            const known = await readSourceFile(session, sourceOf(engine), signal);
            const present = await readPresentFile(session, sourceOf(engine), signal);
            if (known?.filenode !== present.filenode) await reopenRanges(engine, session, signal);
          },
          signal,
        ),
      readBlockers: () => readBlockers(session, [{ relation, mode: 'AccessShareLock' }], false, signal),
      onTimeout: () => undefined,
      whatIsLeft: () => '',
    },
    { attemptMs: safety.lockTimeoutMs, totalMs: safety.lockBudgetMs, pauseMs: safety.lockTimeoutMs },
    clock,
    signal,
  );
}
