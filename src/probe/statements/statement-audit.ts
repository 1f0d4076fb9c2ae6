import type { Safety } from '../../partition/policy.ts';
import type { EpochMicros } from '../../partition/position.ts';
import type { QualifiedName } from '../../partition/qualified-name.ts';
import type { UnprunedReason } from '../unpruned.ts';

/** A recorded statement and one managed table that it reads; one that reads two is two of these. */
export interface AuditedStatement {
  /** `queryid` of pg_stat_statements. */
  readonly queryId: string;
  /** As recorded: constants are $1, $2, ... already. */
  readonly text: string;
  readonly calls: number;
  readonly totalMs: number;
  readonly table: QualifiedName;
  /** Partitions that it touches with typical parameters, of how many; null when that is not known. */
  readonly touched: number | null;
  readonly total: number;
  /** prunes: in every plan. prunes-when-run: as soon as the parameters are known. touches-all: it never does. */
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
  /** Sentences on what could not be seen: texts of other roles, texts that were lost. */
  readonly remarks: readonly string[];
}

export interface AuditContext {
  readonly safety: Safety;
  readonly tables: readonly QualifiedName[] | null;
  /** So many statements by total time are looked at. */
  readonly most: number;
}
