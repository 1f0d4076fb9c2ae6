import { installPartitionCapture } from '../capture/install-capture.ts';
import type { Engine } from '../engine.ts';
import { ensureLoose } from '../regrain/keys/loosen-keys.ts';
import { isRegrain } from '../regrain/regrain-engine.ts';
import { saveMigration } from '../save.ts';
import { replayBite } from './replay-bite.ts';

/** Entries of one bite: some 200 ms. Longer transactions hold vacuum back and lose more to a conflict, shorter ones cost more each. */
export const biteEntries = 10_000;

/** How long to wait for a batch in flight that alone keeps entries back. Milliseconds. */
const batchPauseMs = 50;

/**
 * Replays on the coordinator's session until the log was empty once; each bite tells what it did. Partitions that the target was given since have
 * their trigger then, whichever side is live: one that a switch finds without would lose the TRUNCATE that comes right after it.
 */
export async function catchUp(engine: Engine, signal: AbortSignal): Promise<void> {
  // With attach nothing is captured: there is one copy of each row.
  if (engine.spec.strategy === 'attach') return;
  if (isRegrain(engine)) await ensureLoose(engine, signal);
  await installPartitionCapture(engine, signal);
  for (;;) {
    signal.throwIfAborted();
    const bite = await replayBite(engine, engine.session, biteEntries, signal);
    if (bite.isEmpty) return await endDuplicates(engine, signal);
    if (bite.entries === 0 && !engine.register.isIdle) await engine.surroundings.clock.sleep(batchPauseMs, signal);
  }
}

/** What was replayed whole has no duplicates any more. */
async function endDuplicates(engine: Engine, signal: AbortSignal): Promise<void> {
  if (engine.record.paused?.kind === 'duplicates') await saveMigration(engine, { paused: null }, signal);
}
