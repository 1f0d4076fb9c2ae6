import { InvariantError } from '../../errors.ts';
import type { Engine } from '../engine.ts';

/** Before the switch, from every phase: triggers, functions, log and target go, in this order; the source is as it was. */
export async function abort(_engine: Engine, _signal: AbortSignal): Promise<void> {
  throw new InvariantError('PD920', 'not yet');
}
