import { formatQualifiedName } from '../../partition/qualified-name.ts';
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
}

/** Those of the recorded statements that read one of the tables, in their order, at most `most`. Pure. */
export function findMentions(
  parser: PostgresParser,
  recorded: readonly RecordedStatementRow[],
  tables: readonly PartitionedState[],
  most: number,
): Mentions {
  const mentions: Mention[] = [];
  let broken = 0;
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
  }
  return { mentions, broken };
}

function isRead({ schema, name, isWithPartitions }: TableRead, { table }: PartitionedState): boolean {
  return isWithPartitions && name === table.name.name && (schema === null || schema === table.name.schema);
}

/** Whether a statement names a table by its schema, so that no search path is needed to find it. */
export function isNamedInFull({ reads }: Mention, { table }: PartitionedState): boolean {
  const wanted = formatQualifiedName(table.name);
  return reads.some(
    ({ schema, name, isWithPartitions }) => isWithPartitions && schema !== null && formatQualifiedName({ schema, name }) === wanted,
  );
}
