import type { EpochMicros } from './position.ts';
import type { QualifiedName } from './qualified-name.ts';

/**
 * What upkeep is decided from: the part of the snapshot that the statistics system, the indexes and the journal tell. Read by catalog/ only
 * for runs of the tasks `maintenance` and `index`.
 */
export interface UpkeepFacts {
  /** Last ANALYZE of the partitioned table itself, by hand or not; null: never. */
  readonly parentAnalyzedAt: EpochMicros | null;
  /** Whether the session's role may VACUUM and ANALYZE the partitioned table. */
  readonly mayMaintain: boolean;
  /** Whether it may make, attach and drop indexes of the partitioned table: the owner's rights. */
  readonly mayCreateIndexes: boolean;
  /** `autovacuum_freeze_max_age` and `autovacuum_multixact_freeze_max_age` of the server, in transactions. */
  readonly freezeMaxAge: number;
  readonly multixactFreezeMaxAge: number;
  /**
   * Relations below the table, by name. Where `indexes` must be rolled out: all of them, of every level. Otherwise only leaves about which
   * something may be due; what is absent needs nothing.
   */
  readonly relations: readonly RelationFacts[];
  /** Whether `relations` and `indexes` are complete. */
  readonly isWhole: boolean;
  /**
   * Indexes, by name: where the policy asks for any, all of the table itself; of relations below it the invalid ones, those that are bloated
   * beyond the policy's measure, and with `isWhole` all. Keys are empty where a lock hides an expression or condition.
   */
  readonly indexes: readonly IndexFacts[];
  /** Of the names that `indexes` of the policy would give to indexes of the table, those that a relation of its schema has. */
  readonly takenIndexNames: ReadonlySet<string>;
  readonly marks: UpkeepMarks;
}

/** What the journal remembers of upkeep. */
export interface UpkeepMarks {
  /** By oid. */
  readonly frozen: ReadonlyMap<string, FrozenMark>;
  /** Indexes that partitiond began or made, and REINDEX that it began. */
  readonly indexes: readonly IndexMark[];
}

export interface FrozenMark {
  readonly oid: string;
  /** pg_class.relfilenode when it was frozen. */
  readonly filenode: string;
  /** Rows inserted, updated and deleted by then, as the statistics system counted; a smaller count now means that it began anew. */
  readonly changes: number;
}

export interface IndexMark {
  /** The relation that it is an index of, and the partitioned table at the top. */
  readonly relationOid: string;
  readonly tableOid: string;
  readonly index: QualifiedName;
  /** `name` of the policy's index; null: a REINDEX of an index that is not ours. */
  readonly policyName: string | null;
  /** What the policy asked for, as `spellIndex` writes it; null as above. */
  readonly definition: string | null;
  /**
   * building and reindexing: begun, and nobody wrote down the end. failed: a REINDEX met keys that are not unique, and would again; forgotten
   * after a day.
   */
  readonly state: 'building' | 'built' | 'reindexing' | 'failed';
  /** Size and entries after the last REINDEX by partitiond: what that did not get rid of is no waste. Null: none yet. */
  readonly rebuilt: { readonly bytes: number; readonly rows: number } | null;
}

/** A VACUUM, ANALYZE, CREATE INDEX or REINDEX at work in this database (pg_stat_progress_*); `done` of `total` are of the phase, 0 where it does not say. */
export interface CommandProgress {
  readonly pid: number;
  readonly relationOid: string;
  readonly command: 'vacuum' | 'analyze' | 'create-index' | 'reindex';
  readonly phase: string;
  readonly done: number;
  readonly total: number;
}

/** A relation below the partitioned table. */
export interface RelationFacts {
  readonly oid: string;
  readonly name: QualifiedName;
  /** The partition of the table itself that it is or belongs to. */
  readonly rootOid: string;
  readonly parentOid: string;
  readonly kind: 'table' | 'partitioned' | 'foreign';
  /** Whether the session's role may VACUUM and ANALYZE it. */
  readonly mayMaintain: boolean;
  /** REINDEX too, and drop what an interrupted one leaves: the owner's rights. */
  readonly mayReindex: boolean;
  /** Estimates of the statistics system; 0 for what is no leaf. Before the first ANALYZE live rows are those counted as they came. */
  readonly liveRows: number;
  readonly deadRows: number;
  /** Since the last ANALYZE. */
  readonly changedRows: number;
  /** pg_class.reltuples is known. */
  readonly isAnalyzed: boolean;
  /** By hand or not; null: never, as far as the statistics system remembers (a crash makes it forget). */
  readonly analyzedAt: EpochMicros | null;
  /** age(relfrozenxid) and mxid_age(relminmxid), the greater one of the table and its TOAST table, in transactions. */
  readonly xidAge: number;
  readonly mxidAge: number;
  /** As of `FrozenMark`. */
  readonly filenode: string;
  readonly changes: number;
}

export interface IndexFacts {
  readonly oid: string;
  readonly name: QualifiedName;
  readonly relationOid: string;
  /** The index of the parent that it is attached to; null: none. */
  readonly parentIndexOid: string | null;
  readonly isValid: boolean;
  /** By CREATE INDEX or REINDEX of some session, right now. */
  readonly isBuilding: boolean;
  readonly isUnique: boolean;
  /** It stands behind a constraint, and goes only with that. */
  readonly isConstraint: boolean;
  readonly method: string;
  /** As pg_get_indexdef prints them, with their options: `org_id`, `lower(email) DESC`. */
  readonly keys: readonly string[];
  /** Columns as the catalog has them. */
  readonly include: readonly string[];
  /** As pg_get_expr prints it. */
  readonly where: string | null;
  /** `relpages` x block size: an estimate. */
  readonly bytes: number;
  /** Estimated waste of a B-tree; null: not known. */
  readonly wastedBytes: number | null;
}
