import { withinLockBudget } from '../apply/lock-budget.ts';
import { readBlockers } from '../apply/read-blockers.ts';
import { readFingerprint } from '../catalog/migration/read-definition.ts';
import type { LockMode } from '../ddl/statement.ts';
import { readMigration, renderChangeMigration } from '../journal/migration/records.ts';
import { formatQualifiedName } from '../partition/qualified-name.ts';
import type { Engine } from './engine.ts';
import { withKeptCapture } from './fingerprint.ts';
import { liveOidOf } from './switch/read-facts.ts';
import { emit, fenced } from './transactions.ts';

/** What is changed, for people, under which lock on the live table, and what holds when the lock was not obtained. */
export interface Alteration {
  readonly doing: string;
  readonly mode: LockMode;
  readonly whatIsLeft: string;
}

/**
 * One transaction that changes the live table's definition on purpose, and keeps the new fingerprint in the same commit, so that nobody who
 * watches the definition ever sees the one without the other. No statement timeout: validation scans, under a lock that hinders nobody.
 */
export async function alterLive(engine: Engine, alteration: Alteration, statements: readonly string[], signal: AbortSignal): Promise<void> {
  const { session, surroundings, record, id, spec } = engine;
  const { safety, clock, journalSchema } = surroundings;
  const startedAt = clock.monotonicMs();
  const { doing, mode, whatIsLeft } = alteration;
  const run = (lockTimeoutMs: number): Promise<void> =>
    fenced(
      engine,
      session,
      { level: 'read committed', isDurable: true },
      async () => {
        await session.execute(
          [`SET LOCAL lock_timeout = '${lockTimeoutMs}ms'`, 'SET LOCAL statement_timeout = 0', ...statements].join(';\n'),
          signal,
        );
        // What is kept of the new table are its triggers of capture alone.
        if (record.live === 'target') return;
        const kept = await readMigration(session, journalSchema, id, signal);
        const fingerprint = withKeptCapture(kept.fingerprint, await readFingerprint(session, liveOidOf(record), signal));
        await session.execute(renderChangeMigration(journalSchema, id, { fingerprint }), signal);
      },
      signal,
    );
  const wanted = [{ relation: formatQualifiedName(spec.table), mode }];
  await withinLockBudget(
    {
      doing,
      run,
      readBlockers: () => readBlockers(session, wanted, false, signal),
      onTimeout: () => undefined,
      whatIsLeft: () => whatIsLeft,
    },
    { attemptMs: safety.lockTimeoutMs, totalMs: safety.lockBudgetMs, pauseMs: safety.lockTimeoutMs },
    clock,
    signal,
  );
  emit(engine, { kind: 'migration-step', step: doing, sql: statements, durationMs: clock.monotonicMs() - startedAt });
}
