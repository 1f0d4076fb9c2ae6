import type { Safety } from '../partition/policy.ts';
import type { QualifiedName } from '../partition/qualified-name.ts';
import type { OrdinaryAdvice } from '../plan/advice/ordinary/advice.ts';
import type { TableAdvice } from '../plan/advice/table-advice.ts';
import type { Clock } from '../postgres/clock.ts';

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
  /** Of the requested names those that are neither. */
  readonly others: readonly OtherTable[];
}

/** A name that advice was asked for and that has none. */
export interface OtherTable {
  readonly table: QualifiedName;
  /** absent: nothing has the name. unmanaged: partitioned, and not in the policy. other: a view, a table of an extension, ... */
  readonly is: 'absent' | 'partition' | 'unmanaged' | 'other';
  /** Tables that there are, for "did you mean"; empty when the name exists. */
  readonly known: readonly QualifiedName[];
}

export interface AdviceRequest {
  /** Managed and ordinary ones by name; null: all managed ones, and the ordinary ones that are large. */
  readonly tables: readonly QualifiedName[] | null;
  readonly safety: Safety;
  readonly clock: Clock;
}
