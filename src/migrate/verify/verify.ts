import { InvariantError } from '../../errors.ts';
import type { Verdict } from '../../partition/migration/status.ts';
import type { QualifiedName } from '../../partition/qualified-name.ts';
import type { Engine } from '../engine.ts';

/** A full pass over both sides, and the comparison of their catalogs; `partition`: of that one's range alone, which is no verdict of the whole. */
export async function verify(_engine: Engine, _partition: QualifiedName | null, _signal: AbortSignal): Promise<Verdict> {
  throw new InvariantError('PD920', 'not yet');
}
