import { ConnectionError, StatementError } from '../../errors.ts';
import { readRanges } from '../../journal/migration/ranges.ts';
import { migrateCommand } from '../../plan/migration/next-command.ts';
import type { Session } from '../../postgres/session.ts';
import { sqlstates } from '../../postgres/sqlstate.ts';
import type { Engine } from '../engine.ts';
import { pauseMigration } from '../run/pause-migration.ts';
import { Watch } from './brakes/watch.ts';
import { BatchChecks, BatchDiffers } from './check-copied.ts';
import { CopyState } from './copy-state.ts';
import { CopyWorker } from './copy-worker.ts';
import { openSource } from './open-source.ts';
import { sourceOf } from './reopen-ranges.ts';
import { replayBacklog } from './replay-backlog.ts';

/** One after the other, of a checker's connection. */
const toleratedLosses = 5;

/**
 * Step 4: copies what is open of the source, by block ranges, with as many workers as the policy says, under its brakes; returns when nothing is open
 * and all is checked. An abort cancels the batches in flight, whose ranges stay open. A batch that differs from its source, and a full disk, stop
 * all, are written down as a pause and thrown as `MigrationError`.
 */
export async function backfill(engine: Engine, signal: AbortSignal): Promise<void> {
  await openSource(engine, signal);
  const state = new CopyState(engine);
  await state.load(engine.session, signal);
  const unchecked = await readRanges(engine.session, sourceOf(engine), ['copied'], signal);
  if (state.queue.isDone && unchecked.length === 0) return;
  try {
    await copyAndCheck(engine, state, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof BatchDiffers) await pauseMigration(engine, 'mismatch', error.message, signal);
    if (error instanceof StatementError && error.sqlstate === sqlstates.diskFull) {
      await pauseMigration(
        engine,
        'disk',
        `${error.message} Make room, then run \`${migrateCommand('start', engine.spec.table)}\` again`,
        signal,
      );
    }
    throw error;
  }
}

async function copyAndCheck(engine: Engine, state: CopyState, outer: AbortSignal): Promise<void> {
  const failing = new AbortController();
  const signal = AbortSignal.any([outer, failing.signal]);
  const workers: CopyWorker[] = [];
  const checkers: Session[] = [];
  const ours = (): readonly number[] => [engine.session.pid, ...workers.map(({ pid }) => pid), ...checkers.map(({ pid }) => pid)];
  const watch = await Watch.begin(engine, ours, signal);
  const over = new AbortController();
  const whileCopying = AbortSignal.any([signal, over.signal]);
  /** The first failure is the one that counts; the others only follow from it. */
  const guarded = async (work: Promise<unknown>): Promise<void> => {
    try {
      await work;
    } catch (error) {
      if (!failing.signal.aborted) failing.abort(error);
    }
  };
  const watching = guarded(watch.run(whileCopying));
  const replaying = guarded(unlessAborted(replayBacklog(engine, state, whileCopying), over.signal));
  await guarded(copyWith(engine, { state, watch, workers, checkers }, signal));
  over.abort();
  await Promise.all([watching, replaying]);
  await Promise.all([...workers.map((worker) => worker.close()), ...checkers.map((session) => session.close())]);
  outer.throwIfAborted();
  if (failing.signal.aborted) throw failing.signal.reason;
}

interface Crew {
  readonly state: CopyState;
  readonly watch: Watch;
  readonly workers: CopyWorker[];
  readonly checkers: Session[];
}

/** When nothing is left to copy the workers' share of the machine is for checks. */
async function copyWith(engine: Engine, { state, watch, workers, checkers }: Crew, signal: AbortSignal): Promise<void> {
  const checks = new BatchChecks(engine);
  const stopping = new AbortController();
  const both = AbortSignal.any([signal, stopping.signal]);
  const isOver = (): boolean => state.queue.isDone;
  const copy = async (): Promise<void> => {
    const worker = await CopyWorker.connect(engine, state, watch, () => checks.copied(), both);
    workers.push(worker);
    await worker.run(both);
  };
  const check = async (losses = 0): Promise<void> => {
    const session = await engine.surroundings.connect('copy', both);
    checkers.push(session);
    try {
      await checks.help(session, isOver, both);
    } catch (error) {
      if (!(error instanceof ConnectionError) || losses === toleratedLosses) throw error;
      await check(losses + 1);
    }
  };
  const copyThenCheck = async (isFirst: boolean): Promise<void> => {
    await copy();
    // The first checker is at work already.
    if (!isFirst) await check();
  };
  const all = [check(), ...Array.from({ length: engine.policy.migration.copy.workers }, (_, index) => copyThenCheck(index === 0))];
  try {
    await Promise.all(all);
  } catch (error) {
    stopping.abort(error);
    await Promise.allSettled(all);
    throw error;
  }
}

async function unlessAborted(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
