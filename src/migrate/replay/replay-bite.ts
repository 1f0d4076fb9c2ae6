import { captureLog } from '../../ddl/migration/capture/capture-log.ts';
import { renderApplyEntries, renderConsumeEntries, replaySettings } from '../../ddl/migration/replay/apply-entries.ts';
import { renderNeededKeys } from '../../ddl/migration/replay/inspect-entries.ts';
import { type LogEntries, leaveOut } from '../../ddl/migration/replay/log-entries.ts';
import { MigrationError, StatementError } from '../../errors.ts';
import { sidesOf } from '../../partition/migration/spec.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import { migrateCommand } from '../../plan/migration/next-command.ts';
import { namedSql } from '../../postgres/named-sql.ts';
import { row, text } from '../../postgres/row-decoder.ts';
import type { Session } from '../../postgres/session.ts';
import { sqlstates } from '../../postgres/sqlstate.ts';
import { installPartitionCapture } from '../capture/install-capture.ts';
import type { Engine } from '../engine.ts';
import type { PartitionsAtRest } from '../prepare/partitions-at-rest.ts';
import { provisionTarget } from '../prepare/provision-target.ts';
import { presentSpec } from '../regrain/keys/tightness.ts';
import { emit, fenced, type Isolation } from '../transactions.ts';
import { chooseEntries } from './choose-entries.ts';
import { columnsDiffer } from './columns-differ.ts';
import { followTruncate } from './follow-truncate.ts';
import { orStay } from './or-stay.ts';

export interface Bite {
  /** Log entries consumed. */
  readonly entries: number;
  /** No entry is left that this bite's snapshot shows. */
  readonly isEmpty: boolean;
}

/** A crash loses what was replayed and that it was, together. */
const replaying: Isolation = { level: 'repeatable read', isDurable: false };

/** Where the next bite of an engine looks first: what lies before was consumed and waits for vacuum, and reading over it again takes its time. */
const cursors = new WeakMap<Engine, string>();

/**
 * Consumes up to `limit` entries (null: all visible ones) in one REPEATABLE READ transaction and makes the follower equal at their positions.
 * There is one replayer: two at once would bring each other's older rows back. What only another snapshot can do (40001, 40P01, 55P03, 23503; 23505,
 * with the whole log, as the rows that free a unique value may be further on) is tried again, for half a minute. Throws `MigrationError` (PD625)
 * when the follower refuses rows as duplicates that the live table holds, (PD629) when the new table is live and its columns are others. `atRest`:
 * whose positions stay in the log, see `besideReplay`; with a default partition among them nothing is consumed.
 */
export async function replayBite(
  engine: Engine,
  session: Session,
  limit: number | null,
  signal: AbortSignal,
  atRest: PartitionsAtRest | null = null,
): Promise<Bite> {
  const { clock } = engine.surroundings;
  const trouble: Trouble = { duplicates: 0, retries: 0, provisions: 0 };
  for (;;) {
    const isWhole = trouble.duplicates > 0;
    const release = trouble.duplicates > 1 ? await engine.register.hold(signal) : () => undefined;
    try {
      const startedAt = clock.monotonicMs();
      const bite = await attempt(engine, session, { limit: isWhole ? null : limit, atRest }, signal);
      if (bite === 'truncated') {
        release();
        cursors.delete(engine);
        await followTruncate(engine, session, signal);
        continue;
      }
      if (bite.entries > 0) emit(engine, { kind: 'replayed', rows: bite.entries, durationMs: clock.monotonicMs() - startedAt });
      return bite;
    } catch (error) {
      cursors.delete(engine);
      await recover(engine, session, { limit: isWhole ? null : limit, error, trouble }, signal);
    } finally {
      release();
    }
  }
}

interface Trouble {
  duplicates: number;
  retries: number;
  provisions: number;
}

interface Helping {
  readonly limit: number | null;
  readonly atRest: PartitionsAtRest | null;
}

async function attempt(engine: Engine, session: Session, helping: Helping, signal: AbortSignal): Promise<Bite | 'truncated'> {
  const watch = engine.register.watch();
  try {
    return await fenced(
      engine,
      session,
      replaying,
      () => takeBite(engine, session, helping, () => watch.snapshots(signal), signal),
      signal,
    );
  } finally {
    watch.close();
  }
}

/** Within the transaction; it has its snapshot, and only now is asked for those of the batches. */
async function takeBite(
  engine: Engine,
  session: Session,
  { limit, atRest }: Helping,
  readSnapshots: () => Promise<readonly string[]>,
  signal: AbortSignal,
): Promise<Bite | 'truncated'> {
  const { spec, record } = engine;
  const snapshots = [...new Set(await readSnapshots())];
  const cursor = limit === null ? null : (cursors.get(engine) ?? null);
  await session.execute([...replaySettings, 'SET LOCAL statement_timeout = 0'].join(';\n'), signal);
  if (atRest?.hasDefault === true) return { entries: 0, isEmpty: false };
  const leftOut = leftOutOf(engine, atRest);
  const chosen = await chooseEntries(engine, session, { from: cursor, snapshots, ...leftOut }, limit, signal);
  // A marker comes before whatever was written after it, which no snapshot shows without it.
  if (chosen.isTruncated) return 'truncated';
  const isLast = limit === null || chosen.length < limit;
  moveCursor(engine, isLast ? null : chosen.stretch.to);
  const isEmpty = isLast && cursor === null && !chosen.isWithheld && leftOut.leftOut === undefined;
  if (chosen.length === 0) return { entries: 0, isEmpty };
  const entries = entriesOf(engine, { ...chosen.stretch, snapshots, ...leftOut });
  const statements = [...renderApplyEntries(presentSpec(engine), sidesOf(spec, record.live), entries), renderConsumeEntries(entries)];
  await session.execute(statements.join(';\n'), signal);
  return { entries: chosen.length, isEmpty };
}

function moveCursor(engine: Engine, to: string | null): void {
  if (to === null) cursors.delete(engine);
  else cursors.set(engine, to);
}

function leftOutOf({ spec }: Engine, atRest: PartitionsAtRest | null): Pick<LogEntries, 'leftOut'> {
  const ranges = atRest?.ranges ?? [];
  return ranges.length === 0 ? {} : { leftOut: leaveOut(spec, ranges) };
}

function entriesOf({ surroundings, id }: Engine, stretch: Omit<LogEntries, 'log'>): LogEntries {
  return { ...stretch, log: captureLog(surroundings.journalSchema, id) };
}

/** Does what the next attempt needs, or throws the error. */
async function recover(
  engine: Engine,
  session: Session,
  { limit, error, trouble }: { readonly limit: number | null; readonly error: unknown; readonly trouble: Trouble },
  signal: AbortSignal,
): Promise<void> {
  if (!(error instanceof StatementError)) throw error;
  if (error.sqlstate === sqlstates.uniqueViolation) {
    trouble.duplicates += 1;
    if (trouble.duplicates > 4) throw duplicates(engine, error);
    return;
  }
  const differ = columnsDiffer(engine, error);
  if (differ !== null) throw differ;
  if (lacksPartition(error) && engine.record.live === 'source') {
    trouble.provisions += 1;
    if (trouble.provisions > 2) throw error;
    await provisionTarget(engine, await readNeeded(engine, session, limit, signal), signal);
    await installPartitionCapture(engine, signal);
    return;
  }
  if (!passing.has(error.sqlstate) || trouble.retries >= 50) throw error;
  trouble.retries += 1;
  const { clock } = engine.surroundings;
  await clock.sleep(Math.min(20 * trouble.retries, 1_000) * (0.5 + clock.random()), signal);
}

/** A key that a follower has for a while: the row that it references is gone by now, and so is the one that was to be written. */
const passing: ReadonlySet<string> = new Set([
  sqlstates.serializationFailure,
  sqlstates.deadlockDetected,
  sqlstates.lockNotAvailable,
  sqlstates.foreignKeyViolation,
]);

/** "no partition of relation found for row" names no constraint, unlike a CHECK that fails. */
function lacksPartition({ sqlstate, context }: StatementError): boolean {
  return sqlstate === '23514' && context['constraint'] === undefined;
}

function duplicates({ spec, record }: Engine, cause: StatementError): MigrationError {
  const { live, follower } = sidesOf(spec, record.live);
  const constraint = String(cause.context['constraint'] ?? 'a unique index');
  return new MigrationError(
    'PD625',
    `Could not replay the writes of ${formatQualifiedName(live.name)}: ${constraint} of ${formatQualifiedName(follower.name)} holds rows that ` +
      `${formatQualifiedName(live.name)} lets stand side by side${detailOf(cause)}. Until one of them is deleted from ${formatQualifiedName(live.name)}, nothing more ` +
      `is replayed${record.live === 'target' ? ', and there is no rollback' : ''}; then a daemon goes on by itself, and \`${migrateCommand('start', spec.table)}\` does.${record.live === 'target' ? orStay(spec.table) : ''}`,
    { cause, context: cause.context },
  );
}

/** `Key (id)=(7) already exists.`; names rows, as the journal of mismatches does. */
function detailOf({ cause }: StatementError): string {
  const detail: unknown = typeof cause === 'object' && cause !== null && 'detail' in cause ? cause.detail : null;
  return typeof detail === 'string' ? ` (${detail.replace(/\.$/, '')})` : '';
}

async function readNeeded(engine: Engine, session: Session, limit: number | null, signal: AbortSignal): Promise<readonly string[]> {
  const { spec, record } = engine;
  return await fenced(
    engine,
    session,
    replaying,
    async () => {
      await session.execute([...replaySettings, 'SET LOCAL statement_timeout = 0'].join(';\n'), signal);
      const { length, stretch: chosen } = await chooseEntries(engine, session, { from: null, snapshots: [] }, limit, signal);
      if (length === 0) return [];
      const stretch = entriesOf(engine, { ...chosen, snapshots: [] });
      const sql = renderNeededKeys(spec, sidesOf(spec, record.live), stretch);
      const rows = await session.rows(
        { ...namedSql('read-needed-keys', sql), timeoutMs: 0 },
        [],
        row<{ key: string }>({ key: text }),
        signal,
      );
      return rows.map(({ key }) => key);
    },
    signal,
  );
}
