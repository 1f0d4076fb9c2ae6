import type { DatabasePolicy } from '../partition/policy.ts';
import type { Session } from '../postgres/session.ts';
import type { AdviceRequest, ManagedAdvice } from './advise-database.ts';

/** Of the policy's tables those that `request` asks for. */
export async function adviseManaged(
  _session: Session,
  _database: DatabasePolicy,
  _request: AdviceRequest,
  _signal: AbortSignal,
): Promise<readonly ManagedAdvice[]> {
  return await Promise.reject(new Error('not yet'));
}
