import { type OrdinaryTableFacts, readOrdinaryTables } from '../catalog/read-ordinary-tables.ts';
import { readServerFacts } from '../catalog/read-server-facts.ts';
import type { DatabasePolicy } from '../partition/policy.ts';
import { formatQualifiedName, type QualifiedName } from '../partition/qualified-name.ts';
import type { OrdinaryAdvice } from '../plan/advice/ordinary/advice.ts';
import { adviseOrdinaryTable } from '../plan/advice/ordinary/advise-ordinary-table.ts';
import type { OrdinaryTable } from '../plan/advice/ordinary/table.ts';
import type { Session } from '../postgres/session.ts';
import { readColumnUse } from '../probe/statements/column-use.ts';
import type { AdviceRequest } from './database-advice.ts';

/** The configuration's default of `targetPartitionSize`, for tables that have no policy yet. */
export const targetPartitionBytes: number = 32 * 1024 ** 3;

/** Tables that are neither partitioned nor partitions: those that `request` names, or the large ones; the largest first. */
export async function adviseOrdinary(
  session: Session,
  database: DatabasePolicy,
  request: AdviceRequest,
  signal: AbortSignal,
): Promise<readonly OrdinaryAdvice[]> {
  const wanted = { names: request.tables, journalSchema: database.journalSchema };
  const tables = await readOrdinaryTables(session, wanted, signal);
  if (tables.length === 0) return [];
  const { version, now } = await readServerFacts(session, request.clock, signal);
  const use = await readColumnUse(
    session,
    tables.map(({ table }) => nameOf(table)),
    signal,
  );
  return tables.map((facts) =>
    adviseOrdinaryTable(ordinaryTable(facts, version), use?.get(formatQualifiedName(nameOf(facts.table))) ?? null, {
      targetBytes: targetPartitionBytes,
      now,
    }),
  );
}

function nameOf({ schema, name }: OrdinaryTableFacts['table']): QualifiedName {
  return { schema, name };
}

function ordinaryTable({ table, bytes, columns, obstacles }: OrdinaryTableFacts, serverVersion: number): OrdinaryTable {
  const { rows, isUnlogged, ofType, hasReplicaIdentity, hasRowSecurity, parents, heirs } = table;
  const { table: _oid, ...rest } = obstacles;
  return {
    name: nameOf(table),
    serverVersion,
    estimatedRows: rows,
    bytes,
    isUnlogged,
    ofType,
    hasReplicaIdentity,
    hasRowSecurity,
    parents,
    heirs,
    columns,
    ...rest,
  };
}
