import { ConnectionError, InvariantError, PartitiondError, StatementError } from '../../errors.ts';
import { renderFailReindex } from '../../journal/reindex-marks.ts';
import { renderRememberFrozen } from '../../journal/upkeep-marks.ts';
import type { CreateIndex, Reindex, UpkeepStep } from '../../plan/step.ts';
import type { Notice } from '../../postgres/session.ts';
import { isLockFailure, sqlstates } from '../../postgres/sqlstate.ts';
import type { Yield } from '../step-report.ts';
import { elapsedMs } from '../step-run.ts';
import type { AloneRun } from './alone-run.ts';
import { commandSettings } from './command-settings.ts';
import { contradiction } from './confirm-upkeep.ts';
import type { Sight } from './look.sql.ts';
import { isGone, look } from './look.ts';
import { marksAfter, marksBefore } from './marks.ts';
import { removeRemains } from './remains.ts';
import { mayNotMaintain, notUnique } from './upkeep-errors.ts';
import { Yielded } from './yielded.ts';

/**
 * Runs the command of `run`. Answers for whose sake nothing was done, null when it was done. Throws what went wrong, the reasons of both
 * signals included. Whatever happens, the end is owed to the journal by the worker.
 */
export async function runAlone(run: AloneRun): Promise<Yield | null> {
  const { worker, signal } = run;
  await begin(run);
  try {
    const yieldedTo = await command(run);
    if (yieldedTo === null) worker.owe(await marksOf(run));
    finish(run, yieldedTo === null ? 'ok' : 'skipped', yieldedTo);
    return yieldedTo;
  } catch (error) {
    const isStopped = signal.aborted && error === signal.reason;
    finish(run, isStopped ? 'skipped' : 'failed', error instanceof PartitiondError ? error.message : null);
    throw error;
  }
}

/**
 * VACUUM and ANALYZE leave nothing half done that the next run would have to know of. There may be thousands of them, of milliseconds each, so the
 * journal gets one entry for each when it is over; of those that take long the conductor writes the beginning.
 */
function isLight({ kind }: UpkeepStep): boolean {
  return kind === 'vacuum' || kind === 'analyze';
}

async function begin({ worker, step, context, signal, entries, onBegun }: AloneRun): Promise<void> {
  const settings = commandSettings(step, context.budget);
  if (!isLight(step)) {
    return await worker.begin([entries.begin, ...marksBefore(step, context.journal.schema)], settings, context, signal);
  }
  await worker.prepare(settings, context, signal);
  onBegun(entries.begin);
}

function finish(run: AloneRun, outcome: 'ok' | 'failed' | 'skipped', error: string | null): void {
  const { worker, step, entries, context } = run;
  const end = { outcome, error, durationMs: elapsedMs(run), lockWaitMs: 0, lockTimeouts: 0 };
  if (isLight(step)) worker.note({ start: entries.start, end, endedAt: context.clock.monotonicMs() });
  else worker.owe([entries.finish(end)]);
}

async function command(run: AloneRun): Promise<Yield | null> {
  const { worker, step, rendered, cancel } = run;
  const [statement, ...others] = rendered.batches.flatMap(({ statements }) => statements);
  if (statement === undefined || others.length > 0) throw new InvariantError('PD910', `${step.kind} is not one command.`);
  const notices: Notice[] = [];
  const stopListening = worker.session.onNotice((notice) => notices.push(notice));
  try {
    await worker.session.execute(`/* partitiond:${step.kind} */ ${statement.sql}`, cancel);
  } catch (error) {
    if (error !== cancel.reason || !(error instanceof Yielded)) return await yieldOrThrow(run, error);
    await removeRemains(run);
    return error.to;
  } finally {
    stopListening();
  }
  return isLight(step) ? await heed(run, step, notices) : await confirm(run);
}

/** A lock that was not obtained, and a relation that is no longer there, are for the next run to look at. */
async function yieldOrThrow(run: AloneRun, error: unknown): Promise<Yield> {
  const { worker, step, signal } = run;
  if (isLockFailure(error)) {
    await removeRemains(run);
    return 'locked';
  }
  if (!(error instanceof StatementError) || signal.aborted) throw error;
  const sight = await look(worker.session, step, signal).catch((later: unknown) => {
    throw later instanceof ConnectionError ? lostAfter(error, later) : later;
  });
  if (isGone(step, sight)) return 'gone';
  if ((step.kind === 'create-index' || step.kind === 'reindex') && isOfKeys(error, step, sight)) {
    if (step.kind === 'reindex') worker.owe([renderFailReindex(run.context.journal.schema, step.partitionOid, step.index)]);
    const isRemoved = await removeRemains(run);
    throw notUnique(step, { isRemoved, isValid: sight.isIndexValid }, error);
  }
  throw error;
}

/** Whoever reads it must learn why the command failed, too. */
function lostAfter(first: StatementError, { code, message, context }: ConnectionError): ConnectionError {
  return new ConnectionError(code, `${message} Before that: ${first.message}`, { cause: first, context });
}

/**
 * Whether the keys of rows are what is not unique: two sessions that make an index of the same name at the same time get the same SQLSTATE,
 * of the catalog, and the index that stands there then is the other's.
 */
function isOfKeys({ sqlstate, context }: StatementError, step: CreateIndex | Reindex, sight: Sight): boolean {
  const { schema, name } = step.partition;
  if (sqlstate !== sqlstates.uniqueViolation || context['relation'] !== `${schema}.${name}`) return false;
  if (step.kind === 'reindex') return sight.isIndexUnique;
  return step.definition.isUnique && sight.indexOid !== null && !sight.isIndexValid;
}

/** VACUUM and ANALYZE tell with a warning what they leave alone, and end well. Other warnings, of old transactions for one, are about work that was done. */
async function heed(run: AloneRun, step: UpkeepStep, notices: readonly Notice[]): Promise<Yield | null> {
  const { worker, signal } = run;
  const mine = notices.filter(({ message }) => isAbout(step, message));
  if (mine.length === 0) return null;
  const sight = await look(worker.session, step, signal);
  if (isGone(step, sight)) return 'gone';
  if (mine.some(({ sqlstate }) => sqlstate === sqlstates.lockNotAvailable)) return sight.isAutovacuumed ? 'autovacuum' : 'locked';
  if (!sight.mayMaintain) throw mayNotMaintain(step, sight);
  return null;
}

/** Before 18 the ANALYZE of a partitioned table goes through its partitions too, of which it may skip some. */
function isAbout(step: UpkeepStep, message: string): boolean {
  if (step.kind !== 'analyze' || !step.isParent) return true;
  const at = message.indexOf(step.partition.name);
  const [before, after] = [message[at - 1] ?? ' ', message[at + step.partition.name.length] ?? ' '];
  return at >= 0 && !/\w/.test(before) && !/\w/.test(after);
}

async function confirm(run: AloneRun): Promise<null> {
  const error = contradiction(run.step, await look(run.worker.session, run.step, run.signal));
  if (error !== null) throw error;
  return null;
}

/** Frozen is what the catalog says is visible to all: an old snapshot keeps VACUUM from freezing, and the next run tries again. */
async function marksOf({ worker, step, context, signal }: AloneRun): Promise<readonly string[]> {
  const { schema } = context.journal;
  if (step.kind !== 'vacuum' || step.frozen === null) return marksAfter(step, schema);
  const { isAllVisible } = await look(worker.session, step, signal);
  return isAllVisible ? [renderRememberFrozen(schema, step.frozen)] : [];
}
