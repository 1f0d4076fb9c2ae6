import { InvariantError } from '../../errors.ts';
import type { Engine } from '../engine.ts';

/** Step 4: copies what is open of the source, by block ranges, with as many workers as the policy says, under its brakes; returns when nothing is open and all is checked. */
export async function backfill(_engine: Engine, _signal: AbortSignal): Promise<void> {
  throw new InvariantError('PD920', 'not yet');
}
