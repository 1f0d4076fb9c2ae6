import type { QualifiedName } from '../../../partition/qualified-name.ts';

/** An ordinary table as the catalog and the statistics show it. */
export interface OrdinaryTable {
  readonly name: QualifiedName;
  /** Of the server, for example 180004. */
  readonly serverVersion: number;
  /** Null: never analysed. */
  readonly estimatedRows: number | null;
  /** With its indexes and TOAST. */
  readonly bytes: number;
  readonly isUnlogged: boolean;
  /** The type of a typed table. */
  readonly ofType: string | null;
  readonly hasReplicaIdentity: boolean;
  readonly hasRowSecurity: boolean;
  /** Tables that it inherits from, and tables that inherit from it. */
  readonly parents: readonly QualifiedName[];
  readonly heirs: readonly QualifiedName[];
  /** Those of a type that partition keys have, generated ones left out. */
  readonly columns: readonly OrdinaryColumn[];
  /** The primary key first. */
  readonly uniqueKeys: readonly UniqueKey[];
  readonly exclusions: readonly Exclusion[];
  readonly incoming: readonly IncomingKey[];
  /** Names of its own foreign keys. */
  readonly outgoing: readonly string[];
  readonly triggers: readonly TableTrigger[];
  /** Names of CHECK constraints with NO INHERIT. */
  readonly ownChecks: readonly string[];
  readonly rules: readonly string[];
  readonly publications: readonly string[];
  /** Views and materialized views that read it. */
  readonly views: readonly QualifiedName[];
  /** Those that are dropped with a column of it: of serial columns, not of identity ones. */
  readonly sequences: readonly OwnedSequence[];
}

export interface OrdinaryColumn {
  readonly name: string;
  /** As `format_type` writes it, without modifiers. */
  readonly type: string;
  readonly scale: number | null;
  readonly isNotNull: boolean;
  readonly isIdentity: boolean;
  /** The default as PostgreSQL deparses it. */
  readonly default: string | null;
  readonly canSelect: boolean;
  /** Null: never analysed, or not to be seen. */
  readonly nullFraction: number | null;
  readonly correlation: number | null;
  /**
   * Ends of the histogram's buckets, which hold equally many rows, ascending. Of uuid and text columns only when all are uuids of version 7,
   * or ULIDs; likewise `common`.
   */
  readonly bounds: readonly string[];
  readonly common: readonly string[];
}

export interface UniqueKey {
  readonly name: string;
  readonly kind: 'primary' | 'unique' | 'index';
  /** Null for an expression. */
  readonly columns: readonly (string | null)[];
  readonly included: readonly string[];
  readonly isDeferrable: boolean;
  readonly isDeferred: boolean;
  /** WITHOUT OVERLAPS of its last column. */
  readonly isTemporal: boolean;
}

export interface Exclusion {
  readonly name: string;
  /** Columns that it compares with `=`. */
  readonly equal: readonly string[];
}

export interface IncomingKey {
  readonly name: string;
  readonly table: QualifiedName;
  /** Of the referenced table. */
  readonly columns: readonly string[];
}

export interface TableTrigger {
  readonly name: string;
  readonly isForEachRow: boolean;
  readonly isBeforeInsert: boolean;
  readonly hasTransitionTables: boolean;
}

export interface OwnedSequence {
  readonly name: QualifiedName;
  readonly column: string;
}

/** What recorded statements do with the columns of a table. */
export interface ColumnUse {
  /** Statements that read the table. */
  readonly statements: number;
  /** Of those, how many have a condition on the column, by its name. */
  readonly conditions: ReadonlyMap<string, number>;
  /** UPDATE statements that set it. */
  readonly assignments: ReadonlyMap<string, number>;
}
