import { InvariantError } from '../../errors.ts';
import type { Engine } from '../engine.ts';

/** Steps 1 to 3: the target with its partitions, primary key and guard, capture on the source, the source's file as ranges. */
export async function prepare(_engine: Engine, _signal: AbortSignal): Promise<void> {
  throw new InvariantError('PD920', 'not yet');
}
