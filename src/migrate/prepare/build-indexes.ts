import { InvariantError } from '../../errors.ts';
import type { Engine } from '../engine.ts';

/** Step 6: indexes per partition, attached to those of the target; statistics; VACUUM (FREEZE, ANALYZE). */
export async function buildIndexes(_engine: Engine, _signal: AbortSignal): Promise<void> {
  throw new InvariantError('PD920', 'not yet');
}
