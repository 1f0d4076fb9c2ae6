import { installJournal } from '../journal/install.ts';
import { claimLeadership, epochGuard, type LeadershipClaim } from '../journal/leadership.ts';
import type { Session } from '../postgres/session.ts';
import { isLockFailure } from '../postgres/sqlstate.ts';

export interface Epoch {
  readonly epoch: bigint;
  /** SQL that raises unless this epoch is current; run first in every writing transaction. */
  readonly guardSql: string;
}

/** An earlier leader may be in the middle of a transaction behind its guard; such transactions are short. */
const claimAttempts = 20;

/**
 * Installs the journal when it is missing and starts a new epoch there; every earlier leader fails at its guard from then on. Call it only
 * while holding the lock of leadership, or where leadership is switched off. Throws `StatementError` (55P03) when an earlier leader's
 * transaction stays open through all attempts, each of which waits for the session's `lock_timeout`.
 */
export async function claimEpoch(session: Session, schema: string, claim: LeadershipClaim, signal: AbortSignal): Promise<Epoch> {
  await installJournal(session, schema, signal);
  for (let attempt = 1; ; attempt += 1) {
    try {
      const epoch = await claimLeadership(session, schema, claim, signal);
      return { epoch, guardSql: epochGuard(schema, epoch) };
    } catch (error) {
      if (!isLockFailure(error) || attempt === claimAttempts) throw error;
    }
  }
}
