import { formatQualifiedName, type QualifiedName } from '../../partition/qualified-name.ts';
import type { PartitionedState } from '../read-probed-tables.ts';
import type { PostgresParser } from '../syntax/postgres-parser.ts';
import type { RecordedStatementRow } from './recorded-statements.sql.ts';
import { type ParsedStatement, parseStatement } from './syntax/parse-statement.ts';
import { plannableText } from './syntax/plannable-text.ts';
import { type TableRead, tablesRead } from './syntax/tables-read.ts';

/** A recorded statement that reads managed tables. */
export interface Mention {
  readonly recorded: RecordedStatementRow;
  /** Of its plannable text. */
  readonly statement: ParsedStatement;
  readonly reads: readonly TableRead[];
  /** Each once. A name without schema may mean any table of that name; the search path tells when it is planned. */
  readonly tables: readonly PartitionedState[];
}

export interface Mentions {
  readonly mentions: readonly Mention[];
  /** Texts that could not be parsed. */
  readonly broken: number;
  /** Statements that name no table but views over them, and those views. */
  readonly byViews: { readonly statements: number; readonly views: readonly QualifiedName[] };
}

/**
 * Those of the recorded statements that read one of the tables, in their order, at most `most`. `views`: those over the tables, also
 * through other views. Pure.
 */
export function findMentions(
  parser: PostgresParser,
  recorded: readonly RecordedStatementRow[],
  { tables, views }: { readonly tables: readonly PartitionedState[]; readonly views: readonly QualifiedName[] },
  most: number,
): Mentions {
  const mentions: Mention[] = [];
  const viewed = new Set<QualifiedName>();
  let broken = 0;
  let byViews = 0;
  for (const row of recorded) {
    if (mentions.length === most) break;
    const recordedAs = parseStatement(parser, row.text);
    // What is sent is what was judged, and its parameters are numbered as there.
    const statement = typeof recordedAs === 'string' ? recordedAs : parseStatement(parser, plannableText(parser, row.text).text);
    if (statement === 'broken') broken += 1;
    if (typeof statement === 'string') continue;
    const reads = tablesRead(statement);
    const read = tables.filter((state) => reads.some((name) => isRead(name, state)));
    if (read.length > 0) mentions.push({ recorded: row, statement, reads, tables: read });
    const through = read.length > 0 ? [] : views.filter((view) => reads.some((name) => isNamed(name, view)));
    if (through.length > 0) byViews += 1;
    for (const view of through) viewed.add(view);
  }
  return { mentions, broken, byViews: { statements: byViews, views: views.filter((view) => viewed.has(view)) } };
}

function isRead(read: TableRead, { table }: PartitionedState): boolean {
  return read.isWithPartitions && isNamed(read, table.name);
}

function isNamed({ schema, name }: TableRead, wanted: QualifiedName): boolean {
  return name === wanted.name && (schema === null || schema === wanted.schema);
}

/** Whether a statement names a table by its schema, so that no search path is needed to find it. */
export function isNamedInFull({ reads }: Mention, { table }: PartitionedState): boolean {
  const wanted = formatQualifiedName(table.name);
  return reads.some(
    ({ schema, name, isWithPartitions }) => isWithPartitions && schema !== null && formatQualifiedName({ schema, name }) === wanted,
  );
}
