import { InvariantError } from '../../errors.ts';
import type { Engine } from '../engine.ts';

export interface SwitchReport {
  readonly lockMs: number;
  readonly attempts: number;
  /** With `isRehearsal` each statement and what it took, then all of it was rolled back. */
  readonly statements: readonly { readonly sql: string; readonly ms: number }[];
}

/** Makes the follower live: forward from `ready`, back from `switched`. Throws `LockTimeoutError` past the deadline, `StatementError` on a refusal. */
export async function switchOver(_engine: Engine, _isRehearsal: boolean, _signal: AbortSignal): Promise<SwitchReport> {
  throw new InvariantError('PD920', 'not yet');
}
