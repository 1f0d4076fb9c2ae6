import type { DatabasePolicy, Safety } from '../../partition/policy.ts';
import { connectSession } from '../../postgres/session.ts';
import type { SessionObserver } from '../../postgres/session-observer.ts';
import type { UpkeepSurroundings } from '../../reconcile/request.ts';
import { windowEnd } from './maintenance-window.ts';

/** What upkeep of one database needs from this process: sessions for its workers, and what its windows mean. */
export function upkeepSurroundings(
  database: Pick<DatabasePolicy, 'connection'>,
  { statementTimeoutMs, lockTimeoutMs }: Safety,
  observed: { readonly observer?: SessionObserver; readonly idleTimeoutMs?: number } = {},
): UpkeepSurroundings {
  const settings = { applicationName: 'partitiond:maintenance', statementTimeoutMs, lockTimeoutMs, ...observed };
  return { connect: (signal) => connectSession(database.connection, settings, signal), windowEnd, freshForMs: null };
}
