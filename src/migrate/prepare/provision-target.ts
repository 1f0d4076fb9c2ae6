import { InvariantError } from '../../errors.ts';
import type { Engine } from '../engine.ts';

/** Makes the partitions that the target lacks for `premake` and for the positions `needed` (key values as text); returns how many. */
export async function provisionTarget(_engine: Engine, _needed: readonly string[], _signal: AbortSignal): Promise<number> {
  throw new InvariantError('PD920', 'not yet');
}
