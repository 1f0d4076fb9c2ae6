import { InvariantError } from '../../errors.ts';
import type { Engine } from '../engine.ts';

/** Step 2: log, functions and triggers on the source; the reverse ones on the target, disabled; guards. Makes what is missing, waits for nobody beyond the ladder. */
export async function installCapture(_engine: Engine, _signal: AbortSignal): Promise<void> {
  throw new InvariantError('PD920', 'not yet');
}
