import type { DatabasePolicy } from '../../partition/policy.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import type { Session } from '../../postgres/session.ts';
import { currentRanges } from '../current-range.ts';
import { type PartitionedState, readProbedTables } from '../read-probed-tables.ts';
import { loadParser } from '../syntax/postgres-parser.ts';
import { type AuditSurroundings, auditMention } from './audit-mention.ts';
import { findRecorded } from './find-recorded.ts';
import { findMentions, type Mention, type Mentions } from './mentions.ts';
import type { AuditContext, AuditedStatement, StatementAudit } from './statement-audit.ts';
import { decodeView, viewsOverSql } from './views.sql.ts';

/** So many views a remark names. */
const mostViews = 10;

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
  const endsAt = performance.now() + context.withinMs;
  const wanted = context.tables?.map(formatQualifiedName) ?? null;
  const policies = database.tables.filter(({ table }) => wanted?.includes(formatQualifiedName(table)) ?? true);
  const names = policies.map(({ table }) => table);
  const views = await session.rows(viewsOverSql, [names.map(({ schema }) => schema), names.map(({ name }) => name)], decodeView, signal);
  const words = [...new Set([...names, ...views].flatMap(({ name }) => spellings(name)))];
  const recorded = await findRecorded(session, words, candidatesFor(context.most), signal);
  const { obstacle, since, hidden } = recorded;
  if (obstacle !== null) return { obstacle, since, statements: [], tables: [], hidden, remarks: [] };
  const states = await readProbedTables(session, policies, signal);
  const tables = states.filter((state): state is PartitionedState => state.kind === 'partitioned');
  const parser = await loadParser();
  const found = findMentions(parser, recorded.rows, { tables, views }, context.most);
  const mentioned = tables.filter((state) => found.mentions.some((mention) => mention.tables.includes(state)));
  const ranges = await currentRanges(session, mentioned, recorded.now, signal);
  const remainingMs = (): number => endsAt - performance.now();
  const surroundings: AuditSurroundings = { session, parser, database, context, tables, ranges, remainingMs };
  const { statements, unreached } = await auditMentions(found.mentions, surroundings, signal);
  const remarks = [
    ...recorded.remarks,
    ...brokenRemarks(found.broken),
    ...viewRemarks(found.byViews),
    ...states.flatMap((state) => (state.kind === 'failed' ? [`Statements on it are not looked at: ${state.error.message}`] : [])),
    ...lateRemarks(unreached.length, context.withinMs),
  ];
  const reached = found.mentions.filter((mention) => !unreached.includes(mention));
  const isLookedAt = (state: PartitionedState): boolean =>
    !mentioned.includes(state) || reached.some((mention) => mention.tables.includes(state));
  return { obstacle, since, statements, tables: tables.filter(isLookedAt).map(({ table }) => table.name), hidden, remarks };
}

/** In their order, so that what is not reached in time are those with the least time. */
async function auditMentions(
  mentions: readonly Mention[],
  around: AuditSurroundings,
  signal: AbortSignal,
): Promise<{ readonly statements: readonly AuditedStatement[]; readonly unreached: readonly Mention[] }> {
  const statements: AuditedStatement[] = [];
  const unreached: Mention[] = [];
  for (const mention of mentions) {
    if (around.remainingMs() <= 0) {
      unreached.push(mention);
      continue;
    }
    for (const state of mention.tables) {
      const statement = await auditMention(mention, state, around, signal);
      if (statement !== null) statements.push(statement);
    }
  }
  return { statements, unreached };
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

function viewRemarks({ statements, views }: Mentions['byViews']): readonly string[] {
  if (statements === 0) return [];
  const what = statements === 1 ? '1 recorded statement reads' : `${statements} recorded statements read`;
  const names = views.slice(0, mostViews).map(formatQualifiedName).join(', ');
  const rest = views.length > mostViews ? ` and ${views.length - mostViews} more` : '';
  return [`${what} managed tables through views, and could not be looked at: ${names}${rest}. Look at them with a probe.`];
}

function lateRemarks(unreached: number, withinMs: number): readonly string[] {
  if (unreached === 0) return [];
  const what = unreached === 1 ? '1 statement was' : `${unreached} statements were`;
  return [`${what} not looked at in time: after ${withinMs / 1000} s the audit ends, with those that took the least time in total left.`];
}
