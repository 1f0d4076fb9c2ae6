import { LockTimeoutError } from '../../errors.ts';
import { isLockFailure } from '../../postgres/sqlstate.ts';
import type { Engine } from '../engine.ts';
import { PartitionsAtRest } from '../prepare/partitions-at-rest.ts';
import { biteEntries } from './catch-up.ts';
import { replayBite } from './replay-bite.ts';

const pauseMs = 1_000;

/**
 * Runs `work` and replays beside it, so that the log does not grow for as long as indexes take to build: on a session of its own, as builds use
 * the coordinator's, and without the partitions that `work` puts `atRest`, for which a bite would wait. What is left stays in the log for the
 * phase that comes then. The first failure of either ends both, and is thrown.
 */
export async function besideReplay(
  engine: Engine,
  work: (atRest: PartitionsAtRest, signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const atRest = new PartitionsAtRest();
  const failing = new AbortController();
  const over = new AbortController();
  const whileWorking = AbortSignal.any([signal, failing.signal, over.signal]);
  const replaying = replayOn(engine, atRest, whileWorking).catch((error: unknown) => {
    if (!whileWorking.aborted) failing.abort(error);
  });
  try {
    await work(atRest, AbortSignal.any([signal, failing.signal])).catch((error: unknown) => {
      if (!signal.aborted) failing.signal.throwIfAborted();
      throw error;
    });
  } finally {
    over.abort();
    await replaying;
  }
  failing.signal.throwIfAborted();
}

async function replayOn(engine: Engine, atRest: PartitionsAtRest, signal: AbortSignal): Promise<never> {
  const session = await engine.surroundings.connect('migrate-replay', signal);
  const beside: Engine = { ...engine, session };
  try {
    for (;;) {
      const entries = await consume(beside, atRest, signal);
      if (entries < biteEntries) await engine.surroundings.clock.sleep(pauseMs, signal);
    }
  } finally {
    await session.close();
  }
}

/** A build that has begun meanwhile, or a TRUNCATE to be followed, waits for the next bite. */
async function consume(engine: Engine, atRest: PartitionsAtRest, signal: AbortSignal): Promise<number> {
  try {
    return (await replayBite(engine, engine.session, biteEntries, signal, atRest)).entries;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof LockTimeoutError || isLockFailure(error)) return 0;
    throw error;
  }
}
