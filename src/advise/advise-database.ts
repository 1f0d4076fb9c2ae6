import type { DatabasePolicy } from '../partition/policy.ts';
import { formatQualifiedName } from '../partition/qualified-name.ts';
import type { Session } from '../postgres/session.ts';
import { adviseManaged } from './advise-managed.ts';
import { adviseOrdinary } from './advise-ordinary.ts';
import type { AdviceRequest, DatabaseAdvice } from './database-advice.ts';
import { readOthers } from './read-others.ts';

/** Reads only. A requested name that is neither a managed nor an ordinary table is among `others`, not an error. Throws as the session does. */
export async function adviseDatabase(
  session: Session,
  database: DatabasePolicy,
  request: AdviceRequest,
  signal: AbortSignal,
): Promise<DatabaseAdvice> {
  const managed = await adviseManaged(session, database, request, signal);
  const ordinary = await adviseOrdinary(session, database, request, signal);
  const found = new Set([...managed, ...ordinary].map(({ table }) => formatQualifiedName(table)));
  const missing = (request.tables ?? []).filter((table) => !found.has(formatQualifiedName(table)));
  return { managed, ordinary, others: await readOthers(session, missing, database.journalSchema, signal) };
}
