import type { DatabasePolicy } from '../partition/policy.ts';
import type { Session } from '../postgres/session.ts';
import type { AdviceRequest } from './advise-database.ts';
import type { OrdinaryAdvice } from './ordinary-advice.ts';

/** Tables that are neither partitioned nor partitions: those that `request` names, or the large ones; the largest first. */
export async function adviseOrdinary(
  _session: Session,
  _database: DatabasePolicy,
  _request: AdviceRequest,
  _signal: AbortSignal,
): Promise<readonly OrdinaryAdvice[]> {
  return await Promise.reject(new Error('not yet'));
}
