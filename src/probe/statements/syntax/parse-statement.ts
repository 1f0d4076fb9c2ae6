import type { PostgresParser } from '../../syntax/postgres-parser.ts';
import { asNode, type Fields } from '../../syntax/tree.ts';

/** A statement that may be planned. */
export interface ParsedStatement {
  readonly kind: 'SelectStmt' | 'InsertStmt' | 'UpdateStmt' | 'DeleteStmt' | 'MergeStmt';
  readonly fields: Fields;
}

const kinds: readonly string[] = ['SelectStmt', 'InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt'];

/**
 * The one statement of a recorded text. `other`: it is one that is not looked at (a utility statement, an INSERT of plain rows, more than
 * one statement); `broken`: it does not parse. Nothing else may go to the server: a text comes from a view that anybody might have
 * replaced. The grammar is that of PostgreSQL 18, which also takes the `interval $1` of a recorded text. Throws nothing.
 */
export function parseStatement(parser: PostgresParser, text: string): ParsedStatement | 'other' | 'broken' {
  const statements = parser.parse(text);
  if (statements === null) return 'broken';
  const node = statements.length === 1 ? asNode(statements[0]) : null;
  if (node === null || !isKind(node.kind) || !readsRows(node.kind, node.fields)) return 'other';
  return { kind: node.kind, fields: node.fields };
}

function isKind(kind: string): kind is ParsedStatement['kind'] {
  return kinds.includes(kind);
}

/** SELECT INTO makes a table; an INSERT of VALUES or DEFAULT VALUES is routed, not scanned for. */
function readsRows(kind: string, fields: Fields): boolean {
  if (kind === 'SelectStmt') return fields['intoClause'] === undefined;
  if (kind !== 'InsertStmt') return true;
  const source = asNode(fields['selectStmt']);
  return source !== null && source.fields['valuesLists'] === undefined;
}
