import {
  decodeRelationKind,
  decodeTableName,
  type RelationKindRow,
  relationKindsSql,
  tableNamesSql,
} from '../catalog/relation-kinds.sql.ts';
import type { QualifiedName } from '../partition/qualified-name.ts';
import type { Session } from '../postgres/session.ts';
import type { OtherTable } from './database-advice.ts';

/** More names than anybody misspells. */
const mostNames = 10_000;

/** What names are that no advice is about. Reads nothing when there are none. */
export async function readOthers(
  session: Session,
  tables: readonly QualifiedName[],
  journalSchema: string,
  signal: AbortSignal,
): Promise<readonly OtherTable[]> {
  if (tables.length === 0) return [];
  const names = [tables.map(({ schema }) => schema), tables.map(({ name }) => name)];
  const rows = await session.rows(relationKindsSql, names, decodeRelationKind, signal);
  const isAbsent = rows.some(({ relkind }) => relkind === null);
  const known = isAbsent ? await session.rows(tableNamesSql, [journalSchema, mostNames], decodeTableName, signal) : [];
  return tables.map((table, index) => {
    const is = kindOf(rows[index]);
    return { table, is, known: is === 'absent' ? known : [] };
  });
}

function kindOf(row: RelationKindRow | undefined): OtherTable['is'] {
  if (row === undefined || row.relkind === null) return 'absent';
  if (row.isPartition) return 'partition';
  return row.relkind === 'p' ? 'unmanaged' : 'other';
}
