import type { PartitionedTable } from '../partition/partition.ts';
import type { TablePolicy } from '../partition/policy.ts';
import type { UpkeepFacts, UpkeepMarks } from '../partition/upkeep.ts';
import type { Session } from '../postgres/session.ts';

/** Stands here until it is written. */
export async function readUpkeep(
  _session: Session,
  _tables: readonly { readonly policy: TablePolicy; readonly table: PartitionedTable }[],
  _marks: UpkeepMarks,
  _signal: AbortSignal,
): Promise<readonly UpkeepFacts[]> {
  return [];
}
