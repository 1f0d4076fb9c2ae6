import type { Safety } from '../../partition/policy.ts';
import type { EpochMicros } from '../../partition/position.ts';
import type { QualifiedName } from '../../partition/qualified-name.ts';
import type { UnprunedReason } from '../unpruned/reason.ts';

/** A recorded statement and one managed table that it reads; one that reads two is two of these. */
export interface AuditedStatement {
  /** `queryid` of pg_stat_statements. */
  readonly queryId: string;
  /**
   * As recorded, where constants are $1, $2, ... already; one that is not is `?`, as an entry made without parsing has the raw text (plans
   * of PL/pgSQL that were cached before the statistics were reset).
   */
  readonly text: string;
  readonly calls: number;
  readonly totalMs: number;
  readonly table: QualifiedName;
  /** Partitions that it touches with typical parameters, of how many; null when that is not known. */
  readonly touched: number | null;
  readonly total: number;
  /** prunes: in every plan. prunes-when-run: as soon as the parameters are known, or as it stops early. touches-all: it never does. */
  readonly verdict: 'prunes' | 'prunes-when-run' | 'touches-all' | 'unknown';
  readonly reason: UnprunedReason | null;
  /** Why the verdict is not known: a sentence. */
  readonly problem: string | null;
}

export interface StatementAudit {
  /** Why there is nothing to look at, with how to get it; null when there is. */
  readonly obstacle: string | null;
  /** Since when statements are counted; null where the extension does not say (before version 1.9 of it). */
  readonly since: EpochMicros | null;
  /** By total time, the most first. */
  readonly statements: readonly AuditedStatement[];
  /** The tables whose recorded statements were looked at, if they have any; those that could not be read or were not reached in time are not. */
  readonly tables: readonly QualifiedName[];
  /** Statements of other roles whose texts this one may not see, on whatever table. */
  readonly hidden: number;
  /** Sentences on what could not be seen: texts of other roles, texts that were lost, views, what was not reached in time. */
  readonly remarks: readonly string[];
}

export interface AuditContext {
  readonly safety: Safety;
  readonly tables: readonly QualifiedName[] | null;
  /** So many statements by total time are looked at. */
  readonly most: number;
  /** After so long no further statement is begun; a remark tells how many are left. */
  readonly withinMs: number;
}
