import { withinLockBudget } from '../../apply/lock-budget.ts';
import { readBlockers } from '../../apply/read-blockers.ts';
import { readFingerprint } from '../../catalog/migration/read-definition.ts';
import { settleKeys } from '../../ddl/migration/switch/keys/settle-keys.ts';
import { renderChangeMigration } from '../../journal/migration/records.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import type { Engine } from '../engine.ts';
import { catchUp } from '../replay/catch-up.ts';
import { saveMigration } from '../save.ts';
import { emit, fenced } from '../transactions.ts';
import { verify } from '../verify/verify.ts';
import { liveOidOf, readSwitchFacts } from './read-facts.ts';

/**
 * Step 9, after a switch in either direction: foreign keys are validated, and adopted by partitioned tables; then a second verification, unless
 * there has been one since. Makes what is missing. A row that breaks a key, written before the switch past its triggers, ends it with the
 * server's refusal.
 */
export async function settle(engine: Engine, signal: AbortSignal): Promise<void> {
  await settleForeignKeys(engine, signal);
  const { record } = engine;
  const isVerified = record.verdict !== null && record.verdict.live === record.live && record.verdict.at > (record.lastSwitch?.at ?? 0n);
  if (isVerified || record.phase !== 'switched') return;
  await catchUp(engine, signal);
  const verdict = await verify(engine, null, signal);
  if (engine.record.verdict?.at !== verdict.at) await saveMigration(engine, { verdict }, signal);
}

/** After a rollback as well, where it is all that is left to do. */
export async function settleForeignKeys(engine: Engine, signal: AbortSignal): Promise<void> {
  const { record, spec, surroundings } = engine;
  const facts = await readSwitchFacts(engine, engine.session, signal);
  const settled = { spec, serverVersion: surroundings.serverVersion, facts, live: record.live, liveOid: liveOidOf(record) };
  const { missing, validations, adoptions } = settleKeys(settled);
  for (const sql of [...missing, ...validations]) await alterLive(engine, [sql], signal);
  if (adoptions.length > 0) await alterLive(engine, adoptions, signal);
}

/**
 * One transaction that changes the live table's definition on purpose, and keeps the new fingerprint in the same commit, so that nobody who
 * watches the definition ever sees the one without the other. No statement timeout: validation scans, under a lock that hinders nobody.
 */
async function alterLive(engine: Engine, statements: readonly string[], signal: AbortSignal): Promise<void> {
  const { session, surroundings, record, id, spec } = engine;
  const { safety, clock, journalSchema } = surroundings;
  const startedAt = clock.monotonicMs();
  const doing = `settle ${formatQualifiedName(spec.table)}`;
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
        const fingerprint = await readFingerprint(session, liveOidOf(record), signal);
        await session.execute(renderChangeMigration(journalSchema, id, { fingerprint }), signal);
      },
      signal,
    );
  const wanted = [{ relation: formatQualifiedName(spec.table), mode: 'ShareRowExclusiveLock' as const }];
  await withinLockBudget(
    {
      doing,
      run,
      readBlockers: () => readBlockers(session, wanted, false, signal),
      onTimeout: () => undefined,
      whatIsLeft: () => 'The switch stands; the next run goes on with it.',
    },
    { attemptMs: safety.lockTimeoutMs, totalMs: safety.lockBudgetMs, pauseMs: safety.lockTimeoutMs },
    clock,
    signal,
  );
  emit(engine, { kind: 'migration-step', step: doing, sql: statements, durationMs: clock.monotonicMs() - startedAt });
}
