import { InvariantError } from '../../errors.ts';
import type { Engine } from '../engine.ts';

/** Step 11: triggers, functions, log, guards and read schemas go; the old table becomes a detached one that the policy's `keepOld` dates (now: dropped at once). */
export async function finish(_engine: Engine, _isDroppedNow: boolean, _signal: AbortSignal): Promise<void> {
  throw new InvariantError('PD920', 'not yet');
}
