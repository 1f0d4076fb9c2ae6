import { InvariantError } from '../../errors.ts';
import type { Session } from '../../postgres/session.ts';
import type { Engine } from '../engine.ts';

export interface Bite {
  /** Log entries consumed. */
  readonly entries: number;
  /** No entry is left that this bite's snapshot shows. */
  readonly isEmpty: boolean;
}

/** Consumes up to `limit` entries (null: all visible ones) in one REPEATABLE READ transaction and makes the follower equal at their positions. */
export async function replayBite(_engine: Engine, _session: Session, _limit: number | null, _signal: AbortSignal): Promise<Bite> {
  throw new InvariantError('PD920', 'not yet');
}

/** Replays until the log was empty once. */
export async function catchUp(_engine: Engine, _signal: AbortSignal): Promise<void> {
  throw new InvariantError('PD920', 'not yet');
}

/**
 * Within the open transaction of a switch, all writers locked out: applies the rest of the log to the follower and compares the drained keys row by
 * row. Throws when it does not fit into `drainMs`, or when a row differs.
 */
export async function drainLog(_engine: Engine, _session: Session, _drainMs: number, _signal: AbortSignal): Promise<number> {
  throw new InvariantError('PD920', 'not yet');
}
