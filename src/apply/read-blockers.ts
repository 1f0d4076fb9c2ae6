import type { Lock } from '../ddl/statement.ts';
import type { Blocker } from '../errors.ts';
import type { Session } from '../postgres/session.ts';
import { blockersSql, decodeBlocker, snapshotHoldersSql } from './blockers.sql.ts';
import { conflictingModes } from './lock-conflicts.ts';

/**
 * The sessions (and prepared transactions) that hold a lock which one of `wanted` conflicts with, oldest transaction first, at most 20;
 * empty when nobody does any more. With `waitsForSnapshots` (a pending detach) the holders of snapshots follow. One or two reads of the
 * statistics views; takes no lock on the relations. Names of roles and states of others' sessions may be hidden from a role
 * without pg_read_all_stats (postgresql.org/docs/18/monitoring-stats.html); they are then empty.
 */
export async function readBlockers(
  session: Session,
  wanted: readonly Lock[],
  waitsForSnapshots: boolean,
  signal: AbortSignal,
): Promise<readonly Blocker[]> {
  const held = wanted.flatMap((lock) => conflictingModes(lock.mode).map((mode) => ({ relation: lock.relation, mode })));
  const parameters = [held.map(({ relation }) => relation), held.map(({ mode }) => mode)];
  const holders = await session.rows(blockersSql, parameters, decodeBlocker, signal);
  if (!waitsForSnapshots) return holders;
  const known = new Set(holders.map(({ pid }) => pid));
  const snapshots = await session.rows(snapshotHoldersSql, [], decodeBlocker, signal);
  return [...holders, ...snapshots.filter(({ pid }) => !known.has(pid))];
}
