import { provisionTarget } from '../prepare/provision-target.ts';
import { catchUp } from '../replay/catch-up.ts';
import { keepFingerprint } from './check-definition.ts';
import type { RunningEngine } from './open-engine.ts';
import { runMigration, watched } from './run-migration.ts';

/** Between two replays: what was written waits half as long on average, and an empty log is asked for twice a second. */
const pauseMs = 500;
/** How often one without capture is looked at. */
const lookEveryMs = 60_000;
/** How often the target of a migration that waits at ready is given the partitions of the time to come. */
const provisionEveryMs = 3_600_000;

/**
 * What a daemon does with a migration: goes on to `ready`, and from there on, or after a switch, keeps the follower equal until `signal` ends it;
 * then throws its reason. Returns only where a migration has ended. Throws what `runMigration` does.
 */
export async function runAndSoak(running: RunningEngine, signal: AbortSignal): Promise<void> {
  const { engine } = running;
  const { clock } = engine.surroundings;
  await runMigration(running, 'ready', signal);
  const { phase, live } = engine.record;
  if (phase !== 'ready' && phase !== 'switched') return;
  // Of one that moves no rows nothing is captured; what it lacks is looked for now and then.
  while (engine.spec.strategy === 'attach') {
    await clock.sleep(lookEveryMs, signal);
    await runMigration(running, 'ready', signal);
  }
  await watched(running, signal, async (own) => {
    let provisionedAt: number | null = null;
    for (;;) {
      // What is live is provisioned like any table.
      if (
        live === 'source' &&
        engine.spec.subject === 'table' &&
        (provisionedAt === null || clock.monotonicMs() - provisionedAt >= provisionEveryMs)
      ) {
        await provisionTarget(engine, [], own);
        provisionedAt = clock.monotonicMs();
      }
      await catchUp(engine, own);
      await keepFingerprint(engine, own);
      await clock.sleep(pauseMs, own);
    }
  });
}
