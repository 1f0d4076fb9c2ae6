import type { DatabasePolicy, Safety } from '../partition/policy.ts';
import type { QualifiedName } from '../partition/qualified-name.ts';
import type { TableAdvice } from '../plan/advice/table-advice.ts';
import type { Clock } from '../postgres/clock.ts';
import type { Session } from '../postgres/session.ts';
import { adviseManaged } from './advise-managed.ts';
import { adviseOrdinary } from './advise-ordinary.ts';
import type { OrdinaryAdvice } from './ordinary-advice.ts';

export interface ManagedAdvice {
  readonly table: QualifiedName;
  /** Null when it could not be read. */
  readonly advice: TableAdvice | null;
  readonly error: string | null;
}

/** Managed tables in the order of the policy, then ordinary ones, largest first. */
export interface DatabaseAdvice {
  readonly managed: readonly ManagedAdvice[];
  readonly ordinary: readonly OrdinaryAdvice[];
}

export interface AdviceRequest {
  /** Managed and ordinary ones by name; null: all managed ones, and the ordinary ones that are large. */
  readonly tables: readonly QualifiedName[] | null;
  readonly safety: Safety;
  readonly clock: Clock;
}

/** Reads only. A name that no table has is the caller's to find out: it is in neither list. Throws as the session does. */
export async function adviseDatabase(
  session: Session,
  database: DatabasePolicy,
  request: AdviceRequest,
  signal: AbortSignal,
): Promise<DatabaseAdvice> {
  const managed = await adviseManaged(session, database, request, signal);
  const ordinary = await adviseOrdinary(session, database, request, signal);
  return { managed, ordinary };
}
