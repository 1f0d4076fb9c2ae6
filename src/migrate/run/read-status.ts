import { type Backlog, readBacklog } from '../../journal/migration/capture-log.ts';
import { readKeptTables } from '../../journal/migration/kept-tables.ts';
import { readRunner } from '../../journal/migration/lease/runner.ts';
import { type CopyProgress, readCopyProgress } from '../../journal/migration/progress.ts';
import type { StoredMigration } from '../../journal/migration/records.ts';
import type { MigrationPhase } from '../../partition/migration/spec.ts';
import type { MigrationStatus } from '../../partition/migration/status.ts';
import { migrateCommand, nextCommand } from '../../plan/migration/next-command.ts';
import type { Session } from '../../postgres/session.ts';
import { readBrokenParts } from './broken-parts.ts';

/** Until then the copy is what everybody waits for. */
const beforeCopy: ReadonlySet<MigrationPhase> = new Set<MigrationPhase>(['planned', 'prepare']);

/**
 * What `migrate status` says of `record`, read in a few short queries by any session that may read the journal; nothing is locked or written.
 * `maxAgeMs`: how old a verdict may be for a switch. Rates are those of the last minute, null while nothing is copied or
 * nobody runs it.
 */
export async function readStatus(
  session: Session,
  schema: string,
  record: StoredMigration,
  maxAgeMs: number,
  signal: AbortSignal,
): Promise<MigrationStatus> {
  const progress = await readCopyProgress(session, schema, record.id, signal);
  const backlog = await readBacklog(session, schema, record.id, signal);
  const runBy = await readRunner(session, schema, record.id, signal);
  const problems = await readBrokenParts(session, schema, record, signal);
  const status = await withKept(session, schema, record, statusOf(record, { progress, backlog, runBy }, maxAgeMs), signal);
  if (problems.length === 0) return status;
  return { ...status, problems, next: record.live === 'source' ? migrateCommand('abort', record.table) : status.next };
}

async function withKept(
  session: Session,
  schema: string,
  { phase, sourceOid, regrain }: StoredMigration,
  status: MigrationStatus,
  signal: AbortSignal,
): Promise<MigrationStatus> {
  if (phase !== 'finished') return status;
  const kept = await readKeptTables(session, schema, [sourceOid, ...(regrain?.sources ?? []).map(({ oid }) => oid)], signal);
  return { ...status, kept };
}

interface Read {
  readonly progress: CopyProgress;
  readonly backlog: Backlog;
  readonly runBy: string | null;
}

/** The same, of what was read. Pure. */
export function statusOf(record: StoredMigration, { progress, backlog, runBy }: Read, maxAgeMs: number): MigrationStatus {
  const { table, strategy, capture, phase, paused, live, rowsEstimated, brakes, verdict, lastSwitch } = record;
  const { recentSeconds, recentRows, recentBlocks, copiedRows } = progress;
  const isCopying = phase === 'backfill' && recentSeconds > 0 && runBy !== null;
  const left = Math.max(0, progress.blocks - progress.copiedBlocks);
  return {
    table,
    strategy,
    capture,
    phase,
    paused,
    live,
    rowsCopied: copiedRows,
    rowsEstimated,
    progress: shareDone(phase, progress),
    rowsPerSecond: isCopying ? recentRows / recentSeconds : null,
    backlogRows: backlog.rows,
    logBytes: backlog.bytes,
    oldestUnreplayedAt: backlog.oldestAt,
    etaSeconds: isCopying && recentBlocks > 0 ? (left * recentSeconds) / recentBlocks : null,
    brakes: phase === 'backfill' ? brakes : [],
    verdict,
    lastSwitch,
    runBy,
    next: nextCommand(record, maxAgeMs, progress.now),
    ...(record.regrain === undefined ? {} : { regrain: record.regrain }),
  };
}

function shareDone(phase: MigrationPhase, progress: CopyProgress): number {
  if (beforeCopy.has(phase)) return 0;
  if (phase === 'backfill') return progress.blocks === 0 ? 1 : Math.min(1, progress.copiedBlocks / progress.blocks);
  if (phase === 'verify') return progress.copiedRows === 0 ? 1 : Math.min(1, progress.verifiedRows / progress.copiedRows);
  return 1;
}
