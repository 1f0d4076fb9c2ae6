import { NotLeaderError } from '../errors.ts';
import { installJournal } from '../journal/install.ts';
import { type ClaimedGeneration, claimGeneration, claimLeadership, epochGuard } from '../journal/leadership.ts';
import type { Session } from '../postgres/session.ts';
import { isLockFailure } from '../postgres/sqlstate.ts';

export interface Epoch {
  readonly epoch: bigint;
  /** SQL that raises unless this epoch is current; run first in every writing transaction. */
  readonly guardSql: string;
  /** How often the configuration that leads has changed, as the journal counts; 0 for a one-shot command, which does not count. */
  readonly generation: bigint;
}

export interface EpochClaim {
  /** Who leads from now on. */
  readonly holder: string;
  /** Digest of the database's policy. */
  readonly configurationHash: string;
  /** How long ago a daemon loaded its configuration, asked anew at each attempt; null for a one-shot command. */
  readonly loadedAgoMs: (() => number) | null;
  /** The epoch that this process goes on from on the lock it holds; null when it has just taken the lock. */
  readonly succeeds: bigint | null;
}

/** An earlier leader may be in the middle of a transaction behind its guard; such transactions are short. */
const claimAttempts = 20;

/**
 * Installs the journal when it is missing and starts a new epoch there; every earlier leader fails at its guard from then on. Call it only
 * while holding the lock of leadership, or where leadership is switched off. Throws `StatementError` (55P03) when an earlier leader's
 * transaction stays open through all attempts, each of which waits for the session's `lock_timeout`, and `NotLeaderError` (PD304) when
 * another configuration has come to lead since this one was loaded.
 */
export async function claimEpoch(session: Session, schema: string, claim: EpochClaim, signal: AbortSignal): Promise<Epoch> {
  await installJournal(session, schema, signal);
  for (let attempt = 1; ; attempt += 1) {
    try {
      const claimed = await claimOnce(session, schema, claim, signal);
      if (claimed === null) throw new NotLeaderError('PD304', outdated);
      return { ...claimed, guardSql: epochGuard(schema, claimed.epoch) };
    } catch (error) {
      if (!isLockFailure(error) || attempt === claimAttempts) throw error;
    }
  }
}

/** Why a daemon with that configuration does not lead, and what to do. */
export const outdated: string =
  'A configuration that was loaded later than that of this process has led this database since; what is left of an earlier one does not lead. ' +
  'Restart this process, or have it load its configuration again (SIGHUP, or POST /-/reload on the admin port).';

async function claimOnce(session: Session, schema: string, claim: EpochClaim, signal: AbortSignal): Promise<ClaimedGeneration | null> {
  const request = { holder: claim.holder, configurationGeneration: claim.configurationHash };
  if (claim.loadedAgoMs === null) return { epoch: await claimLeadership(session, schema, request, signal), generation: 0n };
  return await claimGeneration(session, schema, { ...request, loadedAgoMs: claim.loadedAgoMs(), succeeds: claim.succeeds }, signal);
}
