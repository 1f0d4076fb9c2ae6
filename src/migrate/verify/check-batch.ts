import { InvariantError } from '../../errors.ts';
import type { Session } from '../../postgres/session.ts';
import type { Engine } from '../engine.ts';

/** Blocks of the source's file, half-open. */
export interface BlockRange {
  readonly sourceOid: string;
  readonly from: bigint;
  readonly to: bigint;
}

export interface BatchCheck {
  readonly rows: number;
  readonly mismatches: number;
}

/** Compares the rows of `range` with the target, in one snapshot, keys in the log left out; stores mismatches by key. */
export async function checkBatch(_engine: Engine, _session: Session, _range: BlockRange, _signal: AbortSignal): Promise<BatchCheck> {
  throw new InvariantError('PD920', 'not yet');
}
