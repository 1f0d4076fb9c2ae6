import { readFingerprint } from '../../catalog/migration/read-definition.ts';
import { lockOrderOf } from '../../ddl/migration/switch/locks.ts';
import { findStrangers } from '../../ddl/migration/switch/strangers.ts';
import { type Turn, turnFrom } from '../../ddl/migration/switch/turn.ts';
import { InvariantError, MigrationError, StatementError } from '../../errors.ts';
import { readMigration, renderChangeMigration } from '../../journal/migration/records.ts';
import type { EpochMicros } from '../../partition/position.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import { migrateCommand } from '../../plan/migration/next-command.ts';
import { isLockFailure } from '../../postgres/sqlstate.ts';
import { attachManner } from '../attach/attach-manner.ts';
import { keepCapture, readLiveCapture } from '../capture/live-capture.ts';
import type { Engine } from '../engine.ts';
import { compareFingerprints } from '../fingerprint.ts';
import { attemptRegrain } from '../regrain/attempt-regrain.ts';
import { isRegrain } from '../regrain/regrain-engine.ts';
import { assertCaptured } from '../run/check-definition.ts';
import { openingSql } from '../transactions.ts';
import { assertNoNewColumns } from './assert-columns.ts';
import type { AttemptOptions, AttemptState } from './attempt-state.ts';
import { copyManner } from './copy-manner.ts';
import { readSwitchFacts } from './read-facts.ts';
import { readRemains } from './read-remains.ts';

/**
 * The body of a switch, in the open transaction on the coordinator's session, up to the COMMIT, which is the caller's. What others are kept waiting
 * for begins with the first exclusive lock; everything that can be read or decided before that is, under a lock that hinders no reader or writer
 * and keeps every change of either table's definition away. `limit` aborts when the locks have been held for too long.
 */
export async function attemptSwitch(
  engine: Engine,
  options: AttemptOptions,
  state: AttemptState,
  begun: { readonly signal: AbortSignal; readonly lock: () => AbortSignal },
): Promise<void> {
  if (isRegrain(engine)) return await attemptRegrain(engine, options, state, begun);
  const { session, surroundings, spec } = engine;
  const manner = spec.strategy === 'attach' ? attachManner : copyManner;
  const turn = await prepareTurn(engine, begun.signal);
  // The server's clock, by which verdicts are dated as well.
  const at = BigInt((await readRemains(engine, begun.signal)).now);
  const locks = manner.locks(turn, lockOrderOf(options.number));
  state.locks = locks;
  const statements = await manner.prepare(engine, turn, begun.signal);
  const [first, ...others] = locks;
  if (first === undefined) throw new InvariantError('PD920', 'A switch locks no table');
  const beganAt = surroundings.clock.monotonicMs();
  await session.execute(`SET LOCAL lock_timeout = '${surroundings.safety.lockTimeoutMs}ms';\n${first.sql}`, begun.signal);
  state.lockedAt = surroundings.clock.monotonicMs();
  state.statements.push({ sql: first.sql, ms: state.lockedAt - beganAt });
  const limit = begun.lock();
  const timed = async <T>(sql: string, work: () => Promise<T>): Promise<T> => {
    const startedAt = surroundings.clock.monotonicMs();
    const result = await work();
    state.statements.push({ sql, ms: surroundings.clock.monotonicMs() - startedAt });
    return result;
  };
  const send = async (sqls: readonly string[]): Promise<void> => {
    const messages = options.isRehearsal ? sqls.map((sql) => [sql]) : [sqls];
    for (const message of messages.filter(({ length }) => length > 0)) {
      const sql = message.join(';\n');
      await timed(sql, () => session.execute(sql, limit)).catch((error: unknown) => {
        throw options.isRehearsal ? naming(error, engine, sql) : error;
      });
    }
  };
  await send(others.map(({ sql }) => sql));
  await timed(manner.rows, () => manner.settleRows(engine, turn, limit));
  await send(statements);
  await writeTurn(engine, turn, { ...options, at, lockMs: surroundings.clock.monotonicMs() - state.lockedAt }, limit);
}

/** One statement went wrong, alone: the error tells which. */
function naming(error: unknown, { spec }: Engine, sql: string): unknown {
  if (isLockFailure(error)) return error;
  if (!(error instanceof StatementError)) return error;
  const message = `Could not switch ${formatQualifiedName(spec.table)}: the server refused "${sql}": ${error.message}`;
  return new StatementError(error.code, message, error.sqlstate, { cause: error, context: error.context });
}

/** Opens the transaction and reads what the statements are made of. SHARE UPDATE EXCLUSIVE also makes autovacuum give way. */
async function prepareTurn(engine: Engine, signal: AbortSignal): Promise<Turn> {
  const { session, spec, record, surroundings, id } = engine;
  if (record.targetOid === null) throw new InvariantError('PD920', 'A switch has no target');
  const { sourceOid, targetOid } = record;
  const shape = turnFrom(record.live, { id, spec, serverVersion: surroundings.serverVersion, facts: noFacts, sourceOid, targetOid });
  const quietLocks = [shape.old, shape.fresh].map(
    ({ before }) => `LOCK TABLE ONLY ${formatQualifiedName(before)} IN SHARE UPDATE EXCLUSIVE MODE`,
  );
  const opening = [
    ...openingSql(engine, { level: 'read committed', isDurable: true }),
    `SELECT pg_catalog.set_config('synchronous_commit', CASE pg_catalog.current_setting('synchronous_commit') WHEN 'off' THEN 'on' ELSE pg_catalog.current_setting('synchronous_commit') END, true)`,
    `SET LOCAL lock_timeout = '3s'`,
    ...quietLocks,
  ];
  await session.execute(opening.join(';\n'), signal);
  const turn: Turn = { ...shape, facts: await readSwitchFacts(engine, session, signal) };
  await assertUnchanged(engine, turn, signal);
  return turn;
}

const noFacts = { leaves: [], foreignKeys: [], triggers: [], identities: [], publications: [] };

async function assertUnchanged(engine: Engine, turn: Turn, signal: AbortSignal): Promise<void> {
  const { session, surroundings, id, spec } = engine;
  const strangers = findStrangers(turn);
  const table = formatQualifiedName(spec.table);
  if (strangers.length > 0) {
    const fix = 'Drop it, switch, and make it again on the new table, or abort and plan anew';
    throw new MigrationError('PD642', `Could not switch ${table}: the plan knows nothing of ${strangers.join(', ')}. ${fix}.`);
  }
  // Going back, an index that somebody made on the new table stays there and stands in no way.
  if (turn.old.is === 'target') {
    if (spec.strategy === 'copy') await assertNoNewColumns(engine, turn, signal);
    return await assertCaptured(engine, session, signal);
  }
  const { fingerprint } = await readMigration(session, surroundings.journalSchema, id, signal);
  if (fingerprint === null) return;
  const change = compareFingerprints(fingerprint, await readFingerprint(session, turn.old.oid, signal));
  if (change === 'none') return;
  const [what, fix] =
    change === 'capture'
      ? [
          'its triggers of the migration were off in between',
          `Run \`${migrateCommand('verify', spec.table)}\`, which finds what was written then`,
        ]
      : [
          'its definition is no longer what it was',
          `Undo the change and run \`${migrateCommand('switch', spec.table)}\` again, or \`${migrateCommand('abort', spec.table)}\` and plan it anew`,
        ];
  throw new MigrationError('PD643', `Could not switch ${table}: ${what}. ${fix}.`);
}

async function writeTurn(
  engine: Engine,
  { fresh }: Turn,
  { number, lockMs, at }: { readonly number: number; readonly lockMs: number; readonly at: EpochMicros },
  signal: AbortSignal,
): Promise<void> {
  const { session, surroundings, id } = engine;
  const isForward = fresh.is === 'target';
  const fingerprint =
    isForward && engine.spec.strategy === 'copy'
      ? keepCapture(await readLiveCapture(engine, session, signal), false)
      : await readFingerprint(session, fresh.oid, signal);
  const lastSwitch = {
    at,
    direction: isForward ? ('forward' as const) : ('back' as const),
    lockMs: Math.round(lockMs),
    attempts: number,
  };
  const change = { phase: isForward ? ('switched' as const) : ('ready' as const), live: fresh.is, fingerprint, lastSwitch };
  await session.execute(renderChangeMigration(surroundings.journalSchema, id, change), signal);
}
