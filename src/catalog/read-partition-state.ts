import type { QualifiedName } from '../partition/qualified-name.ts';
import type { Session } from '../postgres/session.ts';
import { decodePartitionState, type PartitionState, partitionStateSql } from './partition-state.sql.ts';

/** How one relation stands to the table `tableOid` right now; null when there is no table of that name. Takes no lock on either. */
export async function readPartitionState(
  session: Session,
  tableOid: string,
  name: QualifiedName,
  signal: AbortSignal,
): Promise<PartitionState | null> {
  const [state] = await session.rows(partitionStateSql, [tableOid, name.schema, name.name], decodePartitionState, signal);
  return state ?? null;
}
