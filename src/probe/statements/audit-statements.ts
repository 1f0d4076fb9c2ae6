import type { DatabasePolicy } from '../../partition/policy.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import type { Session } from '../../postgres/session.ts';
import { currentRanges } from '../current-range.ts';
import { type PartitionedState, readProbedTables } from '../read-probed-tables.ts';
import { loadParser } from '../syntax/postgres-parser.ts';
import { type AuditSurroundings, auditMention } from './audit-mention.ts';
import { findRecorded } from './find-recorded.ts';
import { findMentions } from './mentions.ts';
import type { AuditContext, AuditedStatement, StatementAudit } from './statement-audit.ts';

/**
 * Reads pg_stat_statements and plans what it has on managed tables; runs none of it, though planning may evaluate functions (see
 * planning/plan-statement.ts). Looks at queries, INSERT ... SELECT, UPDATE, DELETE and MERGE. One that cannot be planned has the verdict
 * `unknown` with the reason, the others go on. Values from statistics go to the server alone. Throws as the session does.
 */
export async function auditStatements(
  session: Session,
  database: DatabasePolicy,
  context: AuditContext,
  signal: AbortSignal,
): Promise<StatementAudit> {
  const wanted = context.tables?.map(formatQualifiedName) ?? null;
  const policies = database.tables.filter(({ table }) => wanted?.includes(formatQualifiedName(table)) ?? true);
  const names = [...new Set(policies.flatMap(({ table }) => spellings(table.name)))];
  const recorded = await findRecorded(session, names, candidatesFor(context.most), signal);
  const { obstacle, since } = recorded;
  if (obstacle !== null) return { obstacle, since, statements: [], remarks: [] };
  const states = await readProbedTables(session, policies, signal);
  const tables = states.filter((state): state is PartitionedState => state.kind === 'partitioned');
  const parser = await loadParser();
  const { mentions, broken } = findMentions(parser, recorded.rows, tables, context.most);
  const remarks = [
    ...recorded.remarks,
    ...brokenRemarks(broken),
    ...states.flatMap((state) => (state.kind === 'failed' ? [`Statements on it are not looked at: ${state.error.message}`] : [])),
  ];
  const mentioned = tables.filter((state) => mentions.some((mention) => mention.tables.includes(state)));
  const ranges = await currentRanges(session, mentioned, recorded.now, signal);
  const surroundings: AuditSurroundings = { session, parser, database, context, tables, ranges };
  const statements: AuditedStatement[] = [];
  for (const mention of mentions) statements.push(...(await auditMention(mention, surroundings, signal)));
  return { obstacle, since, statements, remarks };
}

/** A quote in a name is doubled where the name is quoted. */
function spellings(name: string): readonly string[] {
  return name.includes('"') ? [name, name.replaceAll('"', '""')] : [name];
}

/** A name that stands somewhere in the text is often another's, or of an INSERT or a utility statement. */
function candidatesFor(most: number): number {
  return 100 + 5 * most;
}

function brokenRemarks(broken: number): readonly string[] {
  if (broken === 0) return [];
  const what = broken === 1 ? '1 recorded text does' : `${broken} recorded texts do`;
  return [`${what} not parse (cut off, or written for another grammar), and could not be looked at.`];
}
