import type { ColumnRef, Node } from 'libpg-query';
import type { ProbedTable } from './probed-table.ts';
import type { QueryPlan } from './query-plan.ts';
import { loadParser, type PostgresParser } from './syntax/postgres-parser.ts';
import { touchedPartitions } from './touched-partitions.ts';
import { splitCondition, withoutValues } from './unpruned/condition-text.ts';
import { columnPath, judgeCondition, type KeyView, type Mark } from './unpruned/judge-condition.ts';
import { isStoppedByLimit, joinConditions, parentAlias, type ScanConditions, scanConditions } from './unpruned/plan-conditions.ts';
import type { UnprunedReason } from './unpruned/reason.ts';
import { askedFor, conditionTooLate, type Finding, hindered, noCondition, pruningOff, stopsEarly } from './unpruned/reason-text.ts';
import { readStatement, type StatementFacts } from './unpruned/statement-conditions.ts';

export interface ExplainUnprunedOptions {
  /** Whether constants of conditions may be quoted; otherwise they are `?`, as they may be somebody's values. False by default. */
  readonly quotesValues?: boolean;
  /** Whether the statement is a recorded one; otherwise it is a probe's, which may be told to run. False by default. */
  readonly isRecorded?: boolean;
}

/**
 * Why what is left of `table` in `plan` did not prune; null when nothing is left. `sql`: the statement, which tells a cast that it
 * writes from one that PostgreSQL added. Reads the conditions that PostgreSQL printed at the scans of what is left, then those of joins, then,
 * where these say nothing of the key or do not parse, the statement. Throws nothing.
 */
export async function explainUnpruned(
  plan: QueryPlan,
  table: ProbedTable,
  sql: string,
  options: ExplainUnprunedOptions = {},
): Promise<UnprunedReason | null> {
  const touched = touchedPartitions(plan, table);
  if (touched.scanned.length === 0) return null;
  if (plan.settings['enable_partition_pruning'] === 'off') return pruningOff();
  const parser = await loadParser();
  const known = { keyType: table.keyType, hasPruned: touched.pruned.length > 0, wasRun: plan.root.loops !== null };
  const statement = readStatement(parser.parse(sql) ?? [], table, known);
  const { quotesValues = false, isRecorded = false } = options;
  const reader: Reader = { parser, table, known, statement, quotesValues, isProbe: !isRecorded };
  if (isStoppedByLimit(plan, table)) return stopsEarly(table, !isRecorded);
  const reasons = scanConditions(plan, table).map((scan) => explainScan(scan, joinConditions(plan), reader));
  // Of several references to the table the one that is hindered says more than the one that is not.
  return reasons.find(({ kind }) => kind !== 'asked-for') ?? reasons[0] ?? null;
}

interface Reader {
  readonly parser: PostgresParser;
  readonly table: ProbedTable;
  readonly known: Pick<KeyView, 'keyType' | 'hasPruned' | 'wasRun'>;
  readonly statement: StatementFacts;
  readonly quotesValues: boolean;
  readonly isProbe: boolean;
}

function explainScan(scan: ScanConditions, joins: readonly string[], reader: Reader): UnprunedReason {
  const { table, statement } = reader;
  const atScan = read(scan.texts, scan.alias, reader);
  const reason = reasonOf(atScan.findings, reader);
  if (reason !== null) return reason;
  const atJoins = read(joins, scan.alias, reader).findings;
  const joined = atJoins.find(({ mark }) => mark.kind === 'join-only');
  if (joined !== undefined) return reasonOf([joined], reader) ?? noCondition(table);
  if (atJoins.length > 0)
    return (
      reasonOf(
        atJoins.filter(({ mark }) => mark.kind !== 'prunes'),
        reader,
      ) ?? conditionTooLate(table)
    );
  return explainByText(marksOf(statement, scan.alias), atScan.isUnclear, reader);
}

/** By what the statement says of the key, where the plan says nothing; `isUnclear`: nothing that could be read. */
function explainByText(marks: readonly Mark[], isUnclear: boolean, reader: Reader): UnprunedReason {
  // PostgreSQL 17 and later leave out that a NOT NULL column is not null.
  const said = marks.filter((mark) => mark.kind !== 'not-restricting' || mark.how !== 'not-null');
  // These prune nowhere, so it does not matter where they are applied.
  const isLate = said.some(({ kind }) => kind !== 'join-only' && kind !== 'not-restricting');
  if (isLate && !isUnclear) return conditionTooLate(reader.table);
  const findings = (isUnclear ? marks : said).map((mark) => ({ mark, text: null }));
  return reasonOf(findings, reader) ?? noCondition(reader.table);
}

/** Of the references that a scan may be of; nothing where not all of them are restricted: the scan may be that of the other. */
function marksOf({ references }: StatementFacts, alias: string): readonly Mark[] {
  const own = references.filter((reference) => reference.alias === alias || reference.alias === parentAlias(alias));
  return own.every(({ marks }) => marks.length > 0) ? own.flatMap(({ marks }) => marks) : [];
}

interface Reading {
  readonly findings: readonly Finding[];
  /** Whether something may be said of the key that could not be read. */
  readonly isUnclear: boolean;
}

function read(texts: readonly string[], alias: string, { parser, table, known, statement, quotesValues }: Reader): Reading {
  const isOurs = aliasTest(alias);
  const view: KeyView = {
    ...known,
    parameters: statement.parameters,
    isKey: (column) => isOurs(column) && columnPath(column).at(-1) === table.keyColumn,
    isSameRow: isOurs,
  };
  const findings: Finding[] = [];
  let isUnclear = false;
  for (const { text, expression, hasSubplan } of texts.flatMap((condition) => splitCondition(parser, condition))) {
    const condition = conditionOf(parser, expression);
    const mark = condition === null ? null : judgeCondition(condition, view);
    // Before PostgreSQL 17 a hashed subplan does not show what it is compared with.
    isUnclear ||= condition === null || hasSubplan;
    if (mark !== null) findings.push({ mark, text: quotesValues ? text : withoutValues(parser, text) });
  }
  return { findings, isUnclear };
}

/** Whether a column is of the reference whose scan has the alias; joins name the table's own alias instead of a partition's. */
function aliasTest(alias: string): (column: ColumnRef) => boolean {
  const parent = parentAlias(alias);
  return (column) => {
    const [qualifier, ...rest] = columnPath(column);
    return rest.length === 1 && (qualifier === alias || qualifier === parent);
  };
}

function conditionOf(parser: PostgresParser, expression: string): Node | null {
  const [statement] = parser.parse(`SELECT WHERE ${expression}`) ?? [];
  return statement !== undefined && 'SelectStmt' in statement ? (statement.SelectStmt.whereClause ?? null) : null;
}

/** What hinders comes before what prunes unless that bounds the key on both sides; what hardly restricts comes last. */
function reasonOf(findings: readonly Finding[], { table, statement: { castsKey }, isProbe }: Reader): UnprunedReason | null {
  const pruning = findings.filter(({ mark }) => mark.kind === 'prunes');
  const asked = askedFor(pruning.map(({ text }) => text).filter((text) => text !== null));
  if (isClosed(pruning)) return asked;
  const hindering = findings.flatMap(({ mark, text }) => (mark.kind === 'prunes' ? [] : [{ mark, text }]));
  const strong = hindering.find(({ mark }) => mark.kind !== 'join-only' && (mark.kind !== 'not-restricting' || mark.how === 'or'));
  if (strong !== undefined) return hindered(table, strong, { castsKey, isProbe });
  if (pruning.length > 0) return asked;
  const weak = hindering.find(({ mark }) => mark.kind === 'join-only') ?? hindering[0];
  return weak === undefined ? null : hindered(table, weak, { castsKey, isProbe });
}

function isClosed(pruning: readonly Finding[]): boolean {
  const sides = new Set(pruning.map(({ mark }) => (mark.kind === 'prunes' ? mark.side : null)));
  return sides.has('exact') || (sides.has('lower') && sides.has('upper'));
}
