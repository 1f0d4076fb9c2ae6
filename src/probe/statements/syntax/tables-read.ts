import { asNode, type Fields, isFields, itemsOf, textOf } from '../../syntax/tree.ts';
import type { ParsedStatement } from './parse-statement.ts';

/** A table as a statement names it in FROM, USING, or as what it updates, deletes from or merges into. */
export interface TableRead {
  /** Null: found by the search path. */
  readonly schema: string | null;
  readonly name: string;
  readonly alias: string | null;
  /** False for ONLY, which reads nothing of a partitioned table. */
  readonly isWithPartitions: boolean;
}

/**
 * The tables that a statement reads, each as often as it names it. Names of common table expressions hide tables where they are seen:
 * after their definition, with RECURSIVE in all of WITH. What an INSERT fills is not read. Pure.
 */
export function tablesRead({ kind, fields }: ParsedStatement): readonly TableRead[] {
  const found: TableRead[] = [];
  visit(kind, fields, new Set(), found);
  return found;
}

function visit(kind: string, fields: Fields, hidden: ReadonlySet<string>, found: TableRead[]): void {
  if (kind === 'RangeVar') {
    const read = readRangeVar(fields);
    if (read !== null && (read.schema !== null || !hidden.has(read.name))) found.push(read);
    return;
  }
  const inner = visitWith(fields['withClause'], hidden, found);
  for (const [name, child] of Object.entries(fields)) {
    // FOR UPDATE OF names aliases; the target of INSERT is written only.
    if (name === 'withClause' || name === 'lockedRels' || (kind === 'InsertStmt' && name === 'relation')) continue;
    visitChild(name, child, inner, found);
  }
}

function visitChild(name: string, value: unknown, hidden: ReadonlySet<string>, found: TableRead[]): void {
  if (Array.isArray(value)) {
    for (const item of value) visitChild(name, item, hidden, found);
    return;
  }
  const node = asNode(value);
  if (node === null) return;
  // The target of UPDATE, DELETE and MERGE stands bare.
  visit(node.kind === '' && name === 'relation' ? 'RangeVar' : node.kind, node.fields, hidden, found);
}

/** Reads what the expressions read, and answers what is hidden for the rest of the statement. */
function visitWith(clause: unknown, hidden: ReadonlySet<string>, found: TableRead[]): ReadonlySet<string> {
  if (!isFields(clause)) return hidden;
  const expressions = itemsOf(clause['ctes']).map((item): Fields => asNode(item)?.fields ?? {});
  const names = expressions.map(({ ctename }) => textOf(ctename) ?? '');
  const all = new Set([...hidden, ...names]);
  for (const [i, expression] of expressions.entries()) {
    const seen = clause['recursive'] === true ? all : new Set([...hidden, ...names.slice(0, i)]);
    visitChild('ctequery', expression['ctequery'], seen, found);
  }
  return all;
}

function readRangeVar(fields: Fields): TableRead | null {
  const name = textOf(fields['relname']);
  const alias = fields['alias'];
  if (name === null) return null;
  return {
    schema: textOf(fields['schemaname']),
    name,
    alias: isFields(alias) ? textOf(alias['aliasname']) : null,
    isWithPartitions: fields['inh'] === true,
  };
}
