import type { Grant, PartitionTemplate, PublicationMembership } from '../partition.ts';
import type { QualifiedName } from '../qualified-name.ts';

/**
 * Everything that the catalog says of one table and of what hangs on it, as far as a migration must carry it over, read in one snapshot. Names
 * as the catalog has them. Definitions are texts of PostgreSQL's own deparser under the pinned `search_path`, so every name in them is
 * qualified; `tail` is the part behind the table's name, so that it can be said of another table.
 */
export interface TableDefinition {
  readonly oid: string;
  readonly name: QualifiedName;
  /** `relkind`: r ordinary, p partitioned, f foreign, v, m, ... */
  readonly relkind: string;
  readonly persistence: 'permanent' | 'unlogged' | 'temporary';
  readonly ofType: string | null;
  /** Belongs to an extension, or is distributed by Citus; a sentence part such as `extension timescaledb`. */
  readonly belongsTo: string | null;
  readonly parents: readonly QualifiedName[];
  readonly heirs: readonly QualifiedName[];
  /** In the table's order, dropped ones left out. */
  readonly columns: readonly ColumnDefinition[];
  /** All of them, those of constraints too; the primary key first, then by name. */
  readonly indexes: readonly IndexDefinition[];
  readonly checks: readonly CheckDefinition[];
  readonly outgoing: readonly ForeignKeyDefinition[];
  readonly incoming: readonly ForeignKeyDefinition[];
  /** Not internal ones. */
  readonly triggers: readonly TriggerDefinition[];
  readonly sequences: readonly OwnedSequence[];
  readonly views: readonly ViewDefinition[];
  /** With a BEGIN ATOMIC body that reads the table; CREATE OR REPLACE as `pg_get_functiondef` prints it. */
  readonly functions: readonly { readonly oid: string; readonly signature: string; readonly definition: string; readonly owner: string }[];
  readonly publications: readonly PublicationDefinition[];
  readonly statistics: readonly StatisticsDefinition[];
  readonly comments: readonly Comment[];
  readonly labels: readonly { readonly provider: string; readonly column: string | null; readonly label: string }[];
  /** Owner, grants, row security, replica identity, storage, tablespace, access method, statistics targets; no publications, which are above. */
  readonly template: PartitionTemplate;
  /** Options of columns (n_distinct, ...), as ALTER COLUMN ... SET (...) takes them. */
  readonly columnOptions: readonly { readonly column: string; readonly options: Readonly<Record<string, string>> }[];
  /** What hangs on the table and is refused by name unless `keep-on-old` is waived. */
  readonly strays: readonly Stray[];
  /** Other dependents in pg_depend, as `pg_describe_object` names them: nobody knows how to carry them. */
  readonly unknownDependents: readonly string[];
}

export interface ColumnDefinition {
  readonly name: string;
  /** With its modifiers: `numeric(12,2)`. */
  readonly type: string;
  readonly collation: string | null;
  /** And known to hold for all rows. */
  readonly isNotNull: boolean;
  /** Default, or the expression of a generated column; null: none. */
  readonly expression: string | null;
  readonly generated: 'stored' | 'virtual' | null;
  readonly identity: 'always' | 'by-default' | null;
  /** The schema whose `=` tells values of the type apart by default, where that is not pg_catalog (as of citext): our statements do not find it. */
  readonly equalityIn: string | null;
  /** Whether the type has an extended hash function (`hash_record_extended` works on it). */
  readonly isHashable: boolean;
}

export interface IndexDefinition {
  readonly oid: string;
  readonly name: string;
  /** The constraint that it belongs to, of the same name. */
  readonly constraint: 'primary' | 'unique' | 'exclusion' | null;
  readonly isUnique: boolean;
  readonly isValid: boolean;
  /** Null for an expression. Key columns only. */
  readonly columns: readonly (string | null)[];
  readonly included: readonly string[];
  readonly isPartial: boolean;
  readonly isDeferrable: boolean;
  readonly isDeferred: boolean;
  readonly nullsNotDistinct: boolean;
  /** WITHOUT OVERLAPS. */
  readonly isTemporal: boolean;
  /** Columns that an exclusion constraint compares with `=`. */
  readonly equalColumns: readonly string[];
  /** Behind `ON schema.table `: `USING btree (id) WITH (...) WHERE ...`. */
  readonly tail: string;
  /** Of a constraint, `pg_get_constraintdef`: `PRIMARY KEY (id)`, `EXCLUDE USING gist (...)`. Storage parameters are in `tail` alone. */
  readonly constraintDefinition: string | null;
  readonly tablespace: string | null;
  readonly isClustered: boolean;
  /** ALTER INDEX ... ALTER COLUMN n SET STATISTICS. */
  readonly statisticsTargets: readonly { readonly column: number; readonly target: number }[];
}

export interface CheckDefinition {
  readonly name: string;
  /** `CHECK ((amount > 0))`, without NOT VALID and NO INHERIT; also `NOT NULL amount`, which is among the checks while it is not valid (18). */
  readonly definition: string;
  readonly isValid: boolean;
  readonly isNoInherit: boolean;
  /** NOT ENFORCED of 18. */
  readonly isEnforced: boolean;
}

export interface ForeignKeyDefinition {
  readonly name: string;
  /** The table that has the constraint, and the one that it references. */
  readonly table: QualifiedName;
  readonly tableOid: string;
  readonly isTablePartitioned: boolean;
  readonly referenced: QualifiedName;
  readonly referencedOid: string;
  readonly isReferencedPartitioned: boolean;
  readonly columns: readonly string[];
  readonly referencedColumns: readonly string[];
  /** `FOREIGN KEY (a) REFERENCES s.t(b) ON DELETE CASCADE DEFERRABLE`, without NOT VALID. */
  readonly definition: string;
  readonly isValid: boolean;
  readonly isEnforced: boolean;
  readonly comment: string | null;
}

export interface TriggerDefinition {
  readonly name: string;
  /** `pg_get_triggerdef`, whole. */
  readonly definition: string;
  /** The same in two parts, to say it of another table: `${head} ON ${table} ${tail}`. */
  readonly head: string;
  readonly tail: string;
  /** `tgenabled`: O, D, R, A. */
  readonly enabled: string;
  readonly isForEachRow: boolean;
  readonly isConstraint: boolean;
  readonly hasTransitionTables: boolean;
  readonly isBeforeRow: boolean;
}

export interface OwnedSequence {
  readonly oid: string;
  readonly name: QualifiedName;
  readonly column: string;
  readonly kind: 'serial' | 'identity';
  /** `AS bigint INCREMENT BY 1 MINVALUE ... MAXVALUE ... START WITH ... CACHE ... NO CYCLE`. */
  readonly options: string;
  readonly increment: string;
  /** The owner's too; empty: it has no ACL of its own. `column` is null. */
  readonly grants: readonly Grant[];
  /** Whom default privileges would grant something on a new sequence, the owner left out; null: PUBLIC. */
  readonly defaultGrantees: readonly (string | null)[];
}

/** A view that reads the table itself; views that read it through another one go on as they are. Materialized ones are strays. */
export interface ViewDefinition {
  readonly oid: string;
  readonly name: QualifiedName;
  /** `CREATE OR REPLACE VIEW ... WITH (...) AS ... WITH CHECK OPTION` once the name means the other table. */
  readonly statement: string;
  /** Views that this one reads come before it. */
  readonly owner: string;
  /** It selects columns that it does not group by, which only the table's primary key allows. */
  readonly groupsByKey: boolean;
}

export interface PublicationDefinition extends PublicationMembership {
  readonly owner: string;
  /** How the table came in: by its own name, with all tables, or with its schema. */
  readonly scope: 'table' | 'all' | 'schema';
  /** `publish_via_partition_root`. */
  readonly isViaRoot: boolean;
}

export interface StatisticsDefinition {
  readonly oid: string;
  readonly name: QualifiedName;
  /** `pg_get_statisticsobjdef`, whole. */
  readonly definition: string;
  readonly target: number | null;
}

export interface Comment {
  /** `sequence`: an identity's, for a serial's goes on. `not-null`: a valid one, which is a constraint of its own since 18. */
  readonly on: 'table' | 'column' | 'index' | 'constraint' | 'not-null' | 'trigger' | 'statistics' | 'policy' | 'sequence';
  readonly name: string;
  readonly text: string;
}

export interface Stray {
  readonly kind: 'matview' | 'rule' | 'policy' | 'row-type';
  /** For people: `materialized view public.daily`. */
  readonly description: string;
}
