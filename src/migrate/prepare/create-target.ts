import { withinLockBudget } from '../../apply/lock-budget.ts';
import { readBlockers } from '../../apply/read-blockers.ts';
import { renderStaging } from '../../ddl/migration/regrain/staging.ts';
import { renderTarget } from '../../ddl/migration/target/create-target.ts';
import type { Lock } from '../../ddl/statement.ts';
import { InvariantError, MigrationError, StatementError } from '../../errors.ts';
import { readMigration, renderChangeMigration } from '../../journal/migration/records.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import { migrateCommand } from '../../plan/migration/next-command.ts';
import { isLockFailure } from '../../postgres/sqlstate.ts';
import type { Engine } from '../engine.ts';
import { emit, fenced } from '../transactions.ts';
import { decodeRelation, relationSql } from './target-partitions.sql.ts';

/**
 * The empty target, in the one transaction that also writes its oid into the journal: by that it is known as ours, whatever happens to the
 * process. A table that has the name and another oid is somebody else's, and is left alone (PD620); a target that is gone or renamed is not
 * made anew, for what was copied into it would count as copied (PD621).
 */
export async function createTarget(engine: Engine, signal: AbortSignal): Promise<void> {
  const { session, spec, surroundings, id } = engine;
  const target = formatQualifiedName(spec.targetName);
  const { targetOid } = await readMigration(session, surroundings.journalSchema, id, signal);
  const found = await readOid(engine, signal);
  if (targetOid !== null) {
    if (found !== targetOid) throw lost(engine, target);
    engine.record = { ...engine.record, targetOid };
    return;
  }
  if (found !== null) throw taken(engine, target);
  const { safety, clock, journalSchema, serverVersion } = surroundings;
  const { regrain, ...rest } = spec;
  const place = { journalSchema, id, serverVersion };
  const statements = regrain === undefined ? renderTarget(spec, place) : renderStaging({ ...rest, regrain }, journalSchema, id);
  const wanted: readonly Lock[] = [{ relation: formatQualifiedName(spec.table), mode: 'AccessShareLock' }];
  const doing = `create target ${target}`;
  const startedAt = clock.monotonicMs();
  const { value: oid } = await withinLockBudget(
    {
      doing,
      run: (lockTimeoutMs) => createOnce(engine, doing, statements, lockTimeoutMs, signal),
      readBlockers: () => readBlockers(session, wanted, false, signal),
      onTimeout: () => undefined,
      whatIsLeft: () => '',
    },
    { attemptMs: safety.lockTimeoutMs, totalMs: safety.lockBudgetMs, pauseMs: safety.lockTimeoutMs },
    clock,
    signal,
  );
  engine.record = { ...engine.record, targetOid: oid };
  emit(engine, { kind: 'migration-step', step: doing, sql: statements, durationMs: clock.monotonicMs() - startedAt });
}

/** One statement at a time, so that an error names its own. */
async function createOnce(
  engine: Engine,
  doing: string,
  statements: readonly string[],
  lockTimeoutMs: number,
  signal: AbortSignal,
): Promise<string> {
  const { session, surroundings, id } = engine;
  return await fenced(
    engine,
    session,
    { level: 'read committed', isDurable: true },
    async () => {
      await session.execute(`SET LOCAL lock_timeout = '${lockTimeoutMs}ms'`, signal);
      for (const sql of statements) {
        await session.execute(sql, signal).catch((error: unknown) => {
          throw naming(error, doing, sql);
        });
      }
      const oid = await readOid(engine, signal);
      if (oid === null) throw new InvariantError('PD920', `${doing}: the table is not there after it was made`);
      await session.execute(renderChangeMigration(surroundings.journalSchema, id, { targetOid: oid }), signal);
      return oid;
    },
    signal,
  );
}

function naming(error: unknown, doing: string, sql: string): unknown {
  if (isLockFailure(error)) return error;
  if (!(error instanceof StatementError)) return error;
  const line = sql.split('\n', 1)[0] ?? '';
  const message = `Could not ${doing} at "${line.length <= 160 ? line : `${line.slice(0, 160)}...`}": ${error.message}`;
  return new StatementError(error.code, message, error.sqlstate, { cause: error });
}

/** Of whatever has the target's name. */
async function readOid({ session, spec }: Engine, signal: AbortSignal): Promise<string | null> {
  const [found] = await session.rows(relationSql, [spec.targetName.schema, spec.targetName.name], decodeRelation, signal);
  return found?.oid ?? null;
}

function taken({ spec }: Engine, target: string): MigrationError {
  const what = `${target} exists already, and this migration of ${formatQualifiedName(spec.table)} did not make it`;
  return new MigrationError(
    'PD620',
    `${what}. Nothing was changed. Rename or drop that relation, then run ${migrateCommand('start', spec.table)} again.`,
  );
}

function lost({ spec }: Engine, target: string): MigrationError {
  const table = formatQualifiedName(spec.table);
  const what = `The target that the migration of ${table} had made is gone or was renamed: ${target} is not the table that the journal knows`;
  return new MigrationError(
    'PD621',
    `${what}. Give it back its name, or run partitiond migrate abort --table ${table} and begin the migration again.`,
  );
}
