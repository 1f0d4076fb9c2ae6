import type { DatabasePolicy, Safety } from '../../partition/policy.ts';
import { connectSession } from '../../postgres/session.ts';
import type { SessionObserver } from '../../postgres/session-observer.ts';
import type { UpkeepSurroundings } from '../../reconcile/request.ts';
import { windowEnd } from './maintenance-window.ts';

/** The daemon plans again so soon anyway, and what was due an hour ago may have been done by autovacuum since. */
export const daemonPlanFreshForMs = 3_600_000;

/**
 * What upkeep of one database needs from this process: sessions for its workers, what its windows mean, and how long its plan is good for (null:
 * to its end, for a command that nobody repeats).
 */
export function upkeepSurroundings(
  database: Pick<DatabasePolicy, 'connection'>,
  { statementTimeoutMs, lockTimeoutMs }: Safety,
  freshForMs: number | null,
  observed: { readonly observer?: SessionObserver; readonly idleTimeoutMs?: number } = {},
): UpkeepSurroundings {
  const settings = { applicationName: 'partitiond:maintenance', statementTimeoutMs, lockTimeoutMs, ...observed };
  return { connect: (signal) => connectSession(database.connection, settings, signal), windowEnd, freshForMs };
}
