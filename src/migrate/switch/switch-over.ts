import { readBlockers } from '../../apply/read-blockers.ts';
import { decodeSnapshotHolder, oldSnapshotsSql } from '../../catalog/migration/old-snapshots.sql.ts';
import { type Blocker, ConnectionError, LockTimeoutError, MigrationError, StatementError } from '../../errors.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import { isLockFailure } from '../../postgres/sqlstate.ts';
import type { Engine } from '../engine.ts';
import { withTightKeys } from '../regrain/keys/with-tight-keys.ts';
import { catchUp } from '../replay/catch-up.ts';
import { reloadRecord, saveMigration } from '../save.ts';
import { emit } from '../transactions.ts';
import { attemptSwitch } from './attempt.ts';
import type { AttemptOptions, AttemptState } from './attempt-state.ts';
import { isSwitchedAfterAll } from './lost-commit.ts';
import { describeHolders, GivenUp } from './outcome.ts';
import { assertMaySwitch } from './preconditions.ts';

export interface SwitchReport {
  readonly lockMs: number;
  readonly attempts: number;
  /** With `isRehearsal` each statement and what it took, then all of it was rolled back. */
  readonly statements: readonly { readonly sql: string; readonly ms: number }[];
}

/**
 * Makes the follower live: forward from `ready`, back from `switched`. Attempts are made until one gets its locks, drains the log and commits within
 * `switch.maxLock`, at most until `switch.deadline`; what was in the way is only named. Throws `LockTimeoutError` (PD640) past the deadline,
 * `MigrationError` (PD641 to PD644) when it must not be tried, `StatementError` on a refusal of the server, which no other attempt is made after.
 */
export async function switchOver(engine: Engine, isRehearsal: boolean, signal: AbortSignal): Promise<SwitchReport> {
  await assertMaySwitch(engine, signal);
  return await withTightKeys(engine, () => attemptUntil(engine, isRehearsal, signal), signal);
}

/** Until `switch.deadline`. */
async function attemptUntil(engine: Engine, isRehearsal: boolean, signal: AbortSignal): Promise<SwitchReport> {
  const { clock, safety } = engine.surroundings;
  const { deadlineMs } = engine.policy.migration.switchover;
  const startedAt = clock.monotonicMs();
  for (let number = 1; ; number += 1) {
    const tried = await tryOnce(engine, { number, isRehearsal }, signal).catch((error: unknown) => explain(engine, number, error, signal));
    if (!(tried instanceof Failed)) return { lockMs: tried.lockMs, attempts: number, statements: tried.statements };
    if (clock.monotonicMs() - startedAt >= deadlineMs) throw pastDeadline(engine, number, tried);
    await clock.sleep(pauseMs(number, safety.lockTimeoutMs, clock.random()), signal);
  }
}

class Failed {
  readonly reason: GivenUp;
  readonly blockers: readonly Blocker[];

  constructor(reason: GivenUp, blockers: readonly Blocker[]) {
    this.reason = reason;
    this.blockers = blockers;
  }
}

/** All statements travelled as one message, so the refusal of one does not tell which: a rehearsal, one by one, does. */
async function explain(engine: Engine, number: number, error: unknown, signal: AbortSignal): Promise<never> {
  if (error instanceof StatementError) await tryOnce(engine, { number, isRehearsal: true }, signal);
  throw error;
}

interface Done {
  readonly lockMs: number;
  readonly statements: SwitchReport['statements'];
}

async function tryOnce(engine: Engine, options: AttemptOptions, signal: AbortSignal): Promise<Done | Failed> {
  const state: AttemptState = { lockedAt: null, locks: [], statements: [] };
  const direction = engine.record.live === 'source' ? 'forward' : 'back';
  try {
    await catchUp(engine, signal);
    await assertNoOldSnapshot(engine, signal);
    const lockMs = await transact(engine, options, state, signal);
    const explanation = options.isRehearsal ? 'rehearsed and rolled back' : '';
    emit(engine, { kind: 'switch-attempted', direction, outcome: 'ok', lockMs, explanation });
    if (!options.isRehearsal) await keepDuration(engine, lockMs, signal);
    return { lockMs, statements: state.statements };
  } catch (error) {
    const lockMs = heldFor(engine, state);
    const reason = asGivenUp(error);
    if (reason === null) {
      const explanation = error instanceof Error ? error.message : String(error);
      emit(engine, { kind: 'switch-attempted', direction, outcome: 'failed', lockMs, explanation });
      throw error;
    }
    const wanted = reason.outcome === 'lock-timeout' ? state.locks : [];
    const blockers = wanted.length === 0 ? [] : await readBlockers(engine.session, wanted, false, signal);
    const explanation = [reason.message, ...blockers.slice(0, 5).map(describeBlocker)].join('; ');
    emit(engine, { kind: 'switch-attempted', direction, outcome: reason.outcome, lockMs, explanation });
    return new Failed(reason, blockers);
  }
}

/** BEGIN, body, COMMIT, with a limit from the first exclusive lock on. Nothing cancels the COMMIT: waiting for a standby, it would be half done. */
async function transact(engine: Engine, options: AttemptOptions, state: AttemptState, signal: AbortSignal): Promise<number> {
  const { session, surroundings, policy } = engine;
  const { clock } = surroundings;
  const { maxLockMs } = policy.migration.switchover;
  const ended = new AbortController();
  const tooLong = new AbortController();
  const lock = (): AbortSignal => {
    const give = (): void => tooLong.abort(new GivenUp('lock-timeout', `the locks were held for ${maxLockMs} ms`));
    clock.sleep(maxLockMs, ended.signal).then(give, () => undefined);
    return AbortSignal.any([signal, tooLong.signal]);
  };
  await session.complete(['BEGIN'], signal);
  try {
    await attemptSwitch(engine, options, state, { signal, lock });
    tooLong.signal.throwIfAborted();
    signal.throwIfAborted();
  } catch (error) {
    await session.complete(['ROLLBACK'], signal).catch(() => undefined);
    throw error;
  } finally {
    ended.abort();
  }
  await endTransaction(engine, options, signal);
  return heldFor(engine, state);
}

async function endTransaction(engine: Engine, { isRehearsal }: AttemptOptions, signal: AbortSignal): Promise<void> {
  try {
    await engine.session.complete([isRehearsal ? 'ROLLBACK' : 'COMMIT'], signal);
  } catch (error) {
    if (isRehearsal || !(error instanceof ConnectionError) || !(await isSwitchedAfterAll(engine, signal))) throw error;
  }
}

/** The duration that is kept in the transaction itself cannot hold its own COMMIT. With the connection lost, that one stays. */
async function keepDuration(engine: Engine, lockMs: number, signal: AbortSignal): Promise<void> {
  try {
    await reloadRecord(engine, signal);
    const { lastSwitch } = engine.record;
    if (lastSwitch !== null) await saveMigration(engine, { lastSwitch: { ...lastSwitch, lockMs: Math.round(lockMs) } }, signal);
  } catch (error) {
    if (!(error instanceof ConnectionError)) throw error;
  }
}

function heldFor({ surroundings }: Engine, { lockedAt }: AttemptState): number {
  return lockedAt === null ? 0 : surroundings.clock.monotonicMs() - lockedAt;
}

function asGivenUp(error: unknown): GivenUp | null {
  if (error instanceof GivenUp) return error;
  // The log is to be drained in the transaction, and was too long for that: catching up once more helps.
  if (error instanceof MigrationError && error.code === 'PD626') return new GivenUp('drain', error.message, error);
  return isLockFailure(error) ? new GivenUp('lock-timeout', 'a lock was not obtained in time', error) : null;
}

/** Rows that were copied after a snapshot cannot be seen with it, whichever table the name means by then. Back, the old table has them all. */
async function assertNoOldSnapshot({ session, policy, record, spec }: Engine, signal: AbortSignal): Promise<void> {
  // Nothing was copied: every snapshot finds the rows where they were.
  if (spec.strategy === 'attach') return;
  if (policy.migration.switchover.oldSnapshots === 'ignore' || record.live === 'target' || record.readyAt === null) return;
  const holders = await session.rows(oldSnapshotsSql, [record.readyAt.toString()], decodeSnapshotHolder, signal);
  if (holders.length > 0) throw new GivenUp('snapshot', `older than the new table: ${describeHolders(holders)}`);
}

/** Between half and one and a half of a pause that grows to ten times its first length. */
function pauseMs(attempt: number, firstMs: number, random: number): number {
  return firstMs * Math.min(10, 1.3 ** (attempt - 1)) * (0.5 + random);
}

function pastDeadline(engine: Engine, attempts: number, { reason, blockers }: Failed): LockTimeoutError {
  const table = formatQualifiedName(engine.spec.table);
  const who = blockers.slice(0, 5).map(describeBlocker);
  const last = [reason.message, ...who].join('; ');
  const message = `Could not switch ${table} within switch.deadline (${attempts} attempts). The last one: ${last}. Nothing was changed; try again.`;
  const sqlstate = reason.cause instanceof StatementError ? { sqlstate: reason.cause.sqlstate } : {};
  const context = { attempts, outcome: reason.outcome, blockingPids: blockers.map(({ pid }) => String(pid)), ...sqlstate };
  return new LockTimeoutError('PD640', message, blockers, { cause: reason, context });
}

function describeBlocker({ pid, application, user, mode, relation, state }: Blocker): string {
  const name = application === '' ? 'no application name' : application;
  return `pid ${pid} (${name}, user ${user}) holds ${mode} on ${relation}${state === '' ? '' : `, ${state}`}`;
}
