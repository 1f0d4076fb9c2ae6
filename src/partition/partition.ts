import type { KeyCodec, KeyColumn } from './key.ts';
import type { EpochMicros, Position, Range } from './position.ts';
import type { QualifiedName } from './qualified-name.ts';
import type { UpkeepFacts } from './upkeep.ts';

/**
 * The snapshot: what the catalog says about one managed table at one moment. Read by catalog/, decided on by plan/. Real bounds only;
 * nothing here is derived from names.
 */
export interface PartitionedTable {
  readonly oid: string;
  readonly name: QualifiedName;
  readonly owner: string;
  readonly key: KeyColumn;
  readonly codec: KeyCodec;
  /** Ranges first, by lower bound; then the default partition; then what could not be read. Pending detaches are included. */
  readonly partitions: readonly Partition[];
  /** Tables that were detached from this one by partitiond and still exist, from the journal; oldest first. */
  readonly detached: readonly DetachedTable[];
  readonly holds: readonly Hold[];
  readonly newest: NewestData;
  /** Rows of the default partition; null when there is none. */
  readonly defaultRows: DefaultRows | null;
  /** Guard constraints (`partitiond_guard_*`) that a killed run left on the default partition. */
  readonly leftoverGuards: readonly string[];
  /** Tables with a foreign key to this one. */
  readonly referencedBy: readonly QualifiedName[];
  /** A publication sends what is written to its default partition, under whatever name. */
  readonly isDefaultPublished: boolean;
  /** Tables that this one references by foreign keys (ATTACH locks them). */
  readonly references: readonly QualifiedName[];
  /** Privileges that the session's role lacks to do its work on this table, with the statement that grants each; empty when complete. */
  readonly missingPrivileges: readonly MissingPrivilege[];
  /** Absent when the run is not about upkeep. */
  readonly upkeep?: UpkeepFacts;
}

export type PartitionBound =
  | ({ readonly kind: 'range' } & Range)
  | { readonly kind: 'default' }
  /** LIST, HASH, multi-column, or a value the codec cannot read; `reason` is a sentence. */
  | { readonly kind: 'unreadable'; readonly reason: string };

export interface Partition {
  readonly oid: string;
  readonly name: QualifiedName;
  readonly kind: 'table' | 'partitioned' | 'foreign';
  readonly bound: PartitionBound;
  /** `pg_get_expr(relpartbound)` as it is; null for a readable range, whose text is most of what a partition would weigh. */
  readonly boundText: string | null;
  readonly isDetachPending: boolean;
  /** `reltuples`: an estimate, -1 when never analysed. Whole subtree for a partitioned partition. */
  readonly estimatedRows: number;
  /** `relpages` x block size: an estimate, 0 when never analysed. */
  readonly estimatedBytes: number;
}

/** A partition whose bound is a readable range. */
export type RangePartition = Partition & { readonly bound: { readonly kind: 'range' } & Range };

/** The table's newest data. Positions are of the key; null where nothing was found. */
export interface NewestData {
  /** Greatest key at or before the horizon, default partition included. For time keys only looked for ahead of the current partition. */
  readonly position: Position | null;
  /** Greatest key beyond the horizon (2 x premake intervals ahead of now, or of the newest attached row for integer keys). */
  readonly beyondHorizon: Position | null;
  /**
   * Only where the greatest attached key of an integer column lies too far beyond the rows below it to be believed: the greatest one that
   * may be, null when that is not known. Retention counts from it, so that one mistaken row expires nothing.
   */
  readonly believable?: Position | null;
  /** Only where rows beyond `position` may be that could not be read: locked, or without privilege. Of integer keys. */
  readonly isIncomplete?: boolean;
}

export interface DefaultRows {
  /** Exact up to `limit`, then `limit` itself. */
  readonly count: number;
  readonly isExact: boolean;
  /** Where `count` stopped at its limit: live rows as the statistics system knows them, 0 when it does not. */
  readonly live?: number;
  /** Smallest and greatest key in it; null when empty. */
  readonly min: Position | null;
  readonly max: Position | null;
}

export interface DetachedTable {
  readonly oid: string;
  /** Where it is now (after a move to `retention.schema`). */
  readonly name: QualifiedName;
  readonly range: Range;
  readonly detachedAt: EpochMicros;
  /** Not dropped before; null: never by partitiond, as when `action: detach` detached it. */
  readonly dropAfter: EpochMicros | null;
  /** `migration`: the old table of a finished migration, never one of the table's partitions; its range is everything. */
  readonly origin: 'partition' | 'migration';
  /** What the catalog says of it: still there under that oid and name, gone, or something else now (renamed, attached again). */
  readonly state: 'present' | 'absent' | 'changed';
}

/** What the journal remembers of a table that partitiond detached; bounds are literals as the codec formats them, null = MIN/MAXVALUE. */
export interface DetachedRecord {
  /** The partitioned table it came from: its name may change or be used again, its oid does not. */
  readonly parentOid: string;
  readonly oid: string;
  readonly name: QualifiedName;
  readonly from: string | null;
  readonly to: string | null;
  readonly detachedAt: EpochMicros;
  /** `detaching` before a concurrent detach; should that be interrupted, the table still is a partition. */
  readonly state: 'detaching' | 'detached';
  readonly dropAfter: EpochMicros | null;
  readonly origin: DetachedTable['origin'];
}

/** A hold as the journal keeps it; both bounds null hold the whole table. */
export interface HoldRecord {
  readonly table: QualifiedName;
  readonly from: string | null;
  readonly to: string | null;
  readonly reason: string;
  /** How it ends, where releasing it is not for people; a sentence. */
  readonly until?: string;
}

/** A range that must not be removed; `range` null holds the whole table. */
export interface Hold {
  readonly range: Range | null;
  readonly reason: string;
  readonly until?: string;
}

export interface MissingPrivilege {
  /** What cannot be done, for example `attach partitions: role app does not own public.revenues`. */
  readonly missing: string;
  /** Runnable SQL, for example `GRANT revenues_owner TO app;`. */
  readonly fix: string;
}

/** A configured table that cannot be managed as it is; a sentence that names the fix. */
export interface Obstacle {
  readonly kind: 'not-partitioned' | 'unsupported-key' | 'missing-privilege';
  readonly message: string;
}

export type TableState =
  | { readonly kind: 'partitioned'; readonly table: PartitionedTable }
  | { readonly kind: 'obstacle'; readonly name: QualifiedName; readonly obstacle: Obstacle };

/** Facts about the server and session, read with the snapshot. */
export interface ServerFacts {
  /** `clock_timestamp()` of the database. */
  readonly now: EpochMicros;
  /** Local clock at the same moment, for the skew guard. */
  readonly localNow: EpochMicros;
  /** `server_version_num`, for example 180004. */
  readonly version: number;
  readonly isInRecovery: boolean;
  readonly role: string;
}

/**
 * Answers to what a first plan had to ask (see plan/plan.ts, Questions). Absent answers mean "not asked yet"; planning twice with the
 * answers in between keeps decisions pure and reads nothing that no decision needs.
 */
export interface Evidence {
  /** Of the ranges asked about, those in which the default partition holds rows. */
  readonly occupiedInDefault: readonly Range[];
  /** Of the partitions asked about (oids), those whose rows foreign keys still reference, with the referencing table. */
  readonly referenced: ReadonlyMap<string, QualifiedName>;
  /** Names asked about (in the table's schema, or in `retention.schema`) that some relation already has. */
  readonly takenNames: ReadonlySet<string>;
  /** What new partitions inherit; null when no partition is to be made. */
  readonly template: PartitionTemplate | null;
}

/** What a new partition carries over from the parent and, where the parent cannot hold it, from the newest sibling. */
export interface PartitionTemplate {
  readonly owner: string;
  /** Owner's own entries included. Empty: the table has no ACL of its own (`relacl` is null). */
  readonly grants: readonly Grant[];
  /**
   * Roles (null = PUBLIC) other than the owner to whom default privileges (pg_default_acl of the session's role, global and of the schema) would grant
   * something on a new table; the step revokes that first, so that the new partition's ACL equals `grants`.
   */
  readonly defaultGrantees: readonly (string | null)[];
  readonly rowSecurity: { readonly enabled: boolean; readonly forced: boolean; readonly policies: readonly RowPolicy[] };
  readonly replicaIdentity:
    | { readonly kind: 'default' | 'full' | 'nothing' }
    /** Text after the table name in `CREATE UNIQUE INDEX name ON table ...`, from pg_get_indexdef. */
    | { readonly kind: 'index'; readonly definition: string };
  /** Publications that list partitions one by one (a member sibling, the parent not): name, column list, row filter. */
  readonly publications: readonly PublicationMembership[];
  /** Such publications that the session's role may not add to; new partitions stay out of them, which is a finding. */
  readonly closedPublications?: readonly { readonly publication: string; readonly owner: string }[];
  /** Storage parameters of the newest sibling as `name` -> `value`. */
  readonly storage: Readonly<Record<string, string>>;
  readonly tablespace: string | null;
  readonly accessMethod: string | null;
  /** Columns with a statistics target of their own. */
  readonly statisticsTargets: readonly { readonly column: string; readonly target: number }[];
}

export interface Grant {
  /** Role name as in the catalog, or null for PUBLIC. */
  readonly grantee: string | null;
  readonly privilege: string;
  readonly isGrantable: boolean;
  /** Null for the whole table. */
  readonly column: string | null;
}

export interface RowPolicy {
  readonly name: string;
  readonly isPermissive: boolean;
  readonly command: 'ALL' | 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE';
  /** Null = PUBLIC. */
  readonly roles: readonly (string | null)[];
  readonly using: string | null;
  readonly withCheck: string | null;
}

export interface PublicationMembership {
  readonly publication: string;
  readonly columns: readonly string[] | null;
  readonly filter: string | null;
}

/** Narrows to partitions with a readable range. */
export function isRangePartition(partition: Partition): partition is RangePartition {
  return partition.bound.kind === 'range';
}
