import { InvariantError } from '../../errors.ts';
import type { Engine } from '../engine.ts';

/** Step 9, after a switch: foreign keys validated and adopted by the parent, a second verification. Makes what is missing. */
export async function settle(_engine: Engine, _signal: AbortSignal): Promise<void> {
  throw new InvariantError('PD920', 'not yet');
}
