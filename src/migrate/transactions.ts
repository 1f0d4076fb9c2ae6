import { withinLockBudget } from '../apply/lock-budget.ts';
import { readBlockers } from '../apply/read-blockers.ts';
import { runTransaction } from '../apply/run-transaction.ts';
import type { Lock } from '../ddl/statement.ts';
import type { Session } from '../postgres/session.ts';
import type { Engine } from './engine.ts';
import type { MigrationHappening } from './event.ts';

/** How a transaction of the engine sees and commits. */
export interface Isolation {
  readonly level: 'read committed' | 'repeatable read';
  /** False: a crash may lose it, which everything in it is lost together with. */
  readonly isDurable: boolean;
}

/** Name of the setting by which guards on the follower know the engine; its value is the migration's id. */
export const engineSetting = 'partitiond.migration';

/** BEGIN, the epoch's guard, body, COMMIT. In `repeatable read` the guard has taken the snapshot that the body sees. */
export async function fenced<T>(
  engine: Engine,
  session: Session,
  isolation: Isolation,
  body: () => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  return await session.transaction(async () => {
    await session.execute(openingSql(engine, isolation).join(';\n'), signal);
    return await body();
  }, signal);
}

/** What opens each transaction of the engine, after BEGIN. */
export function openingSql(engine: Pick<Engine, 'id' | 'guardSql'>, { level, isDurable }: Isolation): readonly string[] {
  return [
    `SET TRANSACTION ISOLATION LEVEL ${level.toUpperCase()}`,
    ...(isDurable ? [] : ['SET LOCAL synchronous_commit = off']),
    `SET LOCAL ${engineSetting} = '${engine.id}'`,
    engine.guardSql,
  ];
}

/**
 * Brief statements in one transaction under the lock ladder (`safety.lockTimeout`, `safety.lockBudget`), on the coordinator's session. Throws
 * `LockTimeoutError` with the blockers, `StatementError` that names the statement.
 */
export async function brief(
  engine: Engine,
  doing: string,
  statements: readonly string[],
  wanted: readonly Lock[],
  signal: AbortSignal,
  weight: 'step' | 'detail' = 'step',
): Promise<void> {
  const { session, surroundings } = engine;
  const { safety, clock } = surroundings;
  const startedAt = clock.monotonicMs();
  const setting = `SET LOCAL ${engineSetting} = '${engine.id}'`;
  await withinLockBudget(
    {
      doing,
      run: (lockTimeoutMs) =>
        runTransaction(
          session,
          { doing, before: [], epochGuard: engine.guardSql, statements: [setting, ...statements], patience: 'brief' },
          lockTimeoutMs,
          signal,
        ),
      readBlockers: () => readBlockers(session, wanted, false, signal),
      onTimeout: () => undefined,
      whatIsLeft: () => '',
    },
    { attemptMs: safety.lockTimeoutMs, totalMs: safety.lockBudgetMs, pauseMs: safety.lockTimeoutMs },
    clock,
    signal,
  );
  const durationMs = clock.monotonicMs() - startedAt;
  emit(engine, { kind: 'migration-step', step: doing, sql: statements, durationMs, ...(weight === 'detail' ? { isDetail: true } : {}) });
}

/** One statement that scans (VALIDATE, CREATE INDEX, COPY): no statement timeout, cancelled on abort, waits for locks no longer than the ladder's step. */
export async function long(
  engine: Engine,
  session: Session,
  doing: string,
  statements: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const { safety, clock } = engine.surroundings;
  const startedAt = clock.monotonicMs();
  await withinLockBudget(
    {
      doing,
      run: (lockTimeoutMs) =>
        runTransaction(
          session,
          {
            doing,
            before: [],
            epochGuard: engine.guardSql,
            statements: [`SET LOCAL ${engineSetting} = '${engine.id}'`, ...statements],
            patience: 'long',
          },
          lockTimeoutMs,
          signal,
        ),
      readBlockers: () => Promise.resolve([]),
      onTimeout: () => undefined,
      whatIsLeft: () => '',
    },
    { attemptMs: safety.lockTimeoutMs, totalMs: safety.lockBudgetMs, pauseMs: safety.lockTimeoutMs },
    clock,
    signal,
  );
  emit(engine, { kind: 'migration-step', step: doing, sql: statements, durationMs: clock.monotonicMs() - startedAt });
}

export function emit(engine: Engine, happening: MigrationHappening): void {
  const { observe, database } = engine.surroundings;
  observe({ ...happening, database, table: engine.spec.table });
}
