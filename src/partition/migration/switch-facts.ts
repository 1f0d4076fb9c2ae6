import type { QualifiedName } from '../qualified-name.ts';

/**
 * What the catalog says, at the moment of a switch, of both sides and of the tables that reference them; by oid, as names change in the switch.
 * Partitions stand in it as well: some of what a partitioned table has, PostgreSQL keeps with each of them.
 */
export interface SwitchFacts {
  /** Partitions that hold rows, of the target and of every partitioned table that references a side. */
  readonly leaves: readonly { readonly rootOid: string; readonly oid: string; readonly name: QualifiedName }[];
  /** Of both sides, of their leaves, and those that reference either side; without those that only mirror one of a parent. */
  readonly foreignKeys: readonly ForeignKeyFact[];
  /** Of both sides and of all partitions below; neither internal ones nor copies of a parent's. */
  readonly triggers: readonly TriggerFact[];
  readonly identities: readonly { readonly tableOid: string; readonly column: string; readonly sequence: QualifiedName }[];
  /** Publications that list a side by its own name. */
  readonly publications: readonly { readonly publication: string; readonly tableOid: string }[];
}

export interface ForeignKeyFact {
  readonly name: string;
  readonly tableOid: string;
  readonly table: QualifiedName;
  readonly referencedOid: string;
  readonly isValid: boolean;
  readonly comment: string | null;
}

export interface TriggerFact {
  readonly name: string;
  readonly tableOid: string;
  readonly table: QualifiedName;
  /** `tgenabled`: O, D, R, A. */
  readonly enabled: string;
  readonly isForEachRow: boolean;
  readonly isOnTruncate: boolean;
}
