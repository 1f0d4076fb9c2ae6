import { MigrationError } from '../../errors.ts';
import type { Engine } from '../engine.ts';
import type { RunningEngine } from '../run/open-engine.ts';
import { runMigration, watched } from '../run/run-migration.ts';
import { runAndSoak } from '../run/soak.ts';
import { reloadRecord } from '../save.ts';
import { abort } from '../switch/abort.ts';
import { finish } from '../switch/finish.ts';
import { switchOver } from '../switch/switch-over.ts';
import { assertFreshVerdict } from '../verify/fresh-verdict.ts';
import { verifyWhole } from '../verify/verify-whole.ts';
import { hasPlannedOthers } from './planned-others.ts';
import { isRegrain } from './regrain-engine.ts';

/**
 * The whole of a migration that a daemon has begun by itself, as the entry asks for: up to ready, the switch, the verification behind it, the end. One that
 * a person has rolled back is only kept in sync from then on. Throws what each of them does; called again, it goes on.
 */
export async function carryOutDrain(running: RunningEngine, signal: AbortSignal): Promise<void> {
  const { engine } = running;
  await runMigration(running, 'prepare', signal);
  if (await isOvertaken(engine, signal)) return await abort(engine, signal);
  await runMigration(running, 'ready', signal);
  if (engine.record.lastSwitch?.direction === 'back') return await runAndSoak(running, signal);
  if (engine.record.phase === 'ready') {
    if (await isOvertaken(engine, signal)) return await abort(engine, signal);
    await refreshVerdict(running, signal);
    await switchOver(engine, false, signal);
    await reloadRecord(engine, signal);
    await runMigration(running, 'ready', signal);
  }
  if (engine.record.phase === 'switched') await finish(engine, false, signal);
}

/** A run that was at work when this one was planned may have made partitions since; then it is given up, and planned anew. */
async function isOvertaken(engine: Engine, signal: AbortSignal): Promise<boolean> {
  return engine.record.live === 'source' && isRegrain(engine) && !(await hasPlannedOthers(engine, signal));
}

/** Between ready and the switch a process may have been away for days. */
async function refreshVerdict(running: RunningEngine, signal: AbortSignal): Promise<void> {
  const { engine } = running;
  try {
    await assertFreshVerdict(engine, signal);
  } catch (error) {
    if (!(error instanceof MigrationError) || error.code !== 'PD635') throw error;
    await watched(running, signal, (own) => verifyWhole(engine, own));
  }
}
