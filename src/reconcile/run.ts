import type { DatabasePolicy } from '../partition/policy.ts';
import type { Session } from '../postgres/session.ts';
import type { ReconcileEvent } from './event.ts';
import type { ReconcileContext, ReconcileRequest } from './request.ts';

/** What stays the same during one run over one database. */
export interface Run {
  readonly id: string;
  readonly session: Session;
  readonly database: DatabasePolicy;
  readonly request: ReconcileRequest;
  readonly context: ReconcileContext;
  readonly signal: AbortSignal;
  emit(event: DistributiveOmit<ReconcileEvent, 'runId' | 'database'>): void;
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
