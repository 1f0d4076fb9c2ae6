import { StatementError } from '../../errors.ts';
import type { DatabasePolicy } from '../../partition/policy.ts';
import type { Range } from '../../partition/position.ts';
import { quoteIdentifier } from '../../partition/qualified-name.ts';
import type { Session } from '../../postgres/session.ts';
import type { ProbedTable } from '../probed-table.ts';
import type { PartitionedState } from '../read-probed-tables.ts';
import type { PostgresParser } from '../syntax/postgres-parser.ts';
import { touchedPartitions } from '../touched-partitions.ts';
import { withoutValues } from '../unpruned/condition-text.ts';
import type { UnprunedReason } from '../unpruned/reason.ts';
import { explainUnpruned } from '../unpruned.ts';
import { isNamedInFull, type Mention } from './mentions.ts';
import { type ColumnValueRow, columnValuesSql, decodeColumnValue, type ParameterType } from './planning/parameters.sql.ts';
import { planStatement, type StatementPlans } from './planning/plan-statement.ts';
import { inPlanningTransaction, resolveRelation } from './planning/planning-transaction.ts';
import { searchPathOf } from './planning/search-path.ts';
import { decodeUntrustedName, untrustedNamesSql } from './planning/trust.sql.ts';
import { type TypicalValues, typicalValues } from './planning/typical-values.ts';
import type { AuditContext, AuditedStatement } from './statement-audit.ts';
import { namesUsed } from './syntax/names-used.ts';
import { type ParameterUse, parameterUses } from './syntax/parameter-uses.ts';
import { parameterWords } from './syntax/parameter-words.ts';
import { verdictOf } from './verdict.ts';

/** All that one statement's audit needs of the whole. */
export interface AuditSurroundings {
  readonly session: Session;
  readonly parser: PostgresParser;
  readonly database: DatabasePolicy;
  readonly context: AuditContext;
  readonly tables: readonly PartitionedState[];
  /** What is worked on right now, by the oid of the table; none of a table without ranges. */
  readonly ranges: ReadonlyMap<string, Range>;
  /** Of the time that the whole audit may take. */
  readonly remainingMs: () => number;
}

/** Planning takes milliseconds; with thousands of partitions some hundreds. */
const longestPlanningMs = 10_000;

/**
 * What one statement touches of one managed table that it reads; null when the search path turns out not to mean that table. Throws as the session
 * does, but for what PostgreSQL says of the statement, which is its problem.
 */
export async function auditMention(
  mention: Mention,
  state: PartitionedState,
  around: AuditSurroundings,
  signal: AbortSignal,
): Promise<AuditedStatement | null> {
  const { recorded } = mention;
  const total = state.table.partitions.length;
  const base = {
    queryId: recorded.queryId,
    text: withoutValues(around.parser, recorded.text),
    calls: recorded.calls,
    totalMs: recorded.totalMs,
    table: state.table.name,
    total,
  };
  const unknown = { ...base, verdict: 'unknown', touched: null, reason: null } as const;
  const distrust = await untrusted(mention, around, signal);
  if (distrust !== null) return { ...unknown, problem: distrust };
  try {
    const plans = await planTable(mention, state, around, signal);
    if (plans === null) return null;
    return { ...base, ...(await judge(plans, state)), problem: null };
  } catch (error) {
    if (!(error instanceof StatementError)) throw error;
    return { ...unknown, problem: error.message };
  }
}

async function judge(
  plans: StatementPlans,
  { table }: PartitionedState,
): Promise<Pick<AuditedStatement, 'verdict' | 'touched' | 'reason'>> {
  const generic = touchedPartitions(plans.generic, table);
  const left = plans.typical === null ? 0 : touchedPartitions(plans.typical, table).scanned.length;
  // Nothing is left where values contradict each other (`$1 <> $2`), which tells more of them than of the statement.
  const typical = left === 0 ? null : left;
  const reason = await reasonOf(plans, generic.removedAtStart === 0, table);
  const { verdict, touched } = verdictOf({
    total: table.partitions.length,
    generic: { scanned: generic.scanned.length, removedAtStart: generic.removedAtStart },
    typical,
    reason,
  });
  return { verdict, touched, reason: verdict === 'prunes' ? null : reason };
}

/**
 * The plan with values tells exactly what can prune, and has them as `?` in its words; where the one without values agrees, its conditions are
 * as they were recorded. That one tells nothing once NULLs have removed something.
 */
async function reasonOf({ generic, typical, text }: StatementPlans, isWhole: boolean, table: ProbedTable): Promise<UnprunedReason | null> {
  const options = { quotesValues: false, isRecorded: true };
  const recorded = isWhole ? await explainUnpruned(generic, table, text, options) : null;
  const valued = typical === null ? null : await explainUnpruned(typical, table, text, options);
  return valued === null || recorded?.kind === valued.kind ? recorded : valued;
}

/** What belongs to somebody else might do with our rights what its owner may not. */
async function untrusted(
  { recorded, statement }: Mention,
  { session, tables }: AuditSurroundings,
  signal: AbortSignal,
): Promise<string | null> {
  const { functions, operators, types, relations, fields } = namesUsed(statement);
  const oids = tables.map(({ table }) => table.oid);
  const parameters = [recorded.role, oids, functions, operators, types, relations, fields];
  const [found] = await session.rows(untrustedNamesSql, parameters, decodeUntrustedName, signal);
  if (found === undefined) return null;
  return (
    `It names the ${found.kind} ${quoteIdentifier(found.name)} of role ${quoteIdentifier(found.owner)}, whose code planning could run with ` +
    `the rights of partitiond, so it was not planned; look at it with EXPLAIN yourself.`
  );
}

/** Null: the search path means another table. */
async function planTable(
  mention: Mention,
  state: PartitionedState,
  around: AuditSurroundings,
  signal: AbortSignal,
): Promise<StatementPlans | null> {
  const { session, parser, database, context } = around;
  const { lockTimeoutMs, statementTimeoutMs } = context.safety;
  // 0 would be no limit at all.
  const mostMs = Math.max(1, Math.min(longestPlanningMs, Math.round(around.remainingMs())));
  const uses = parameterUses(mention.statement);
  const known = await readColumnValues(session, mention, uses, signal);
  const settings = {
    searchPath: searchPathOf(
      mention.recorded,
      state.table.name.schema,
      around.tables.map(({ table }) => table.name.schema),
    ),
    lockTimeoutMs,
    statementTimeoutMs: statementTimeoutMs === 0 ? mostMs : Math.min(statementTimeoutMs, mostMs),
    role: database.probeRole,
  };
  const body = async (): Promise<StatementPlans | null> => {
    if (!isNamedInFull(mention, state)) {
      const oid = await resolveRelation(session, quoteIdentifier(state.table.name.name), signal);
      if (oid !== null && oid !== state.table.oid) return null;
    }
    const values = (types: readonly ParameterType[]): TypicalValues => valuesFor(types, { mention, state, around, uses, known });
    return await planStatement(session, { parser, text: mention.recorded.text, values }, signal);
  };
  return await inPlanningTransaction(session, settings, body, signal);
}

interface Knowledge {
  readonly mention: Mention;
  readonly state: PartitionedState;
  readonly around: AuditSurroundings;
  readonly uses: readonly ParameterUse[];
  readonly known: readonly ColumnValueRow[];
}

function valuesFor(types: readonly ParameterType[], { mention, state, around, uses, known }: Knowledge): TypicalValues {
  const { codec, key } = state.parent;
  const range = around.ranges.get(state.table.oid) ?? null;
  return typicalValues({
    types,
    uses,
    words: parameterWords(mention.statement),
    key: { type: key.type, codec, range },
    isKey: ({ qualifier, column }) => column === key.name && isOf(qualifier, state.table.name.name, mention),
    valueOf: ({ qualifier, column }) => {
      const found = known.find((row) => row.column === column && row.value !== null && isOf(qualifier, row.table, mention));
      return found === undefined || found.value === null ? null : { value: found.value, category: found.category };
    },
  });
}

/** Whether a column's qualifier means a table; one without is anybody's. */
function isOf(qualifier: string | null, table: string, { reads }: Mention): boolean {
  return qualifier === null || reads.some(({ name, alias }) => name === table && (alias ?? name) === qualifier);
}

async function readColumnValues(
  session: Session,
  { reads }: Mention,
  uses: readonly ParameterUse[],
  signal: AbortSignal,
): Promise<readonly ColumnValueRow[]> {
  if (uses.length === 0) return [];
  const names = [[...new Set(reads.map(({ name }) => name))], [...new Set(uses.map(({ column }) => column))]];
  return await session.rows(columnValuesSql, names, decodeColumnValue, signal);
}
