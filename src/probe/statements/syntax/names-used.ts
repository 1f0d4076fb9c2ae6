import { stringsOf, textOf, walk } from '../../syntax/tree.ts';
import type { ParsedStatement } from './parse-statement.ts';

/** Last parts of the names that could make planning call somebody's code; each once. */
export interface NamesUsed {
  readonly functions: readonly string[];
  readonly operators: readonly string[];
  readonly types: readonly string[];
  readonly relations: readonly string[];
  /** What stands behind a point: `(row).name` also calls a function of that name. */
  readonly fields: readonly string[];
}

/** What IN, BETWEEN, JOIN USING and the like stand for. */
const impliedOperators = ['=', '<>', '<', '<=', '>', '>='] as const;

/** Without schemas: which one is meant is left open, so that a doubt is one in every schema. Pure. */
export function namesUsed({ kind, fields }: ParsedStatement): NamesUsed {
  const functions = new Set<string>();
  const operators = new Set<string>(impliedOperators);
  const types = new Set<string>();
  const relations = new Set<string>();
  const behindPoints = new Set<string>();
  walk({ [kind]: fields }, (nodeKind, node) => {
    const name = textOf(node['relname']);
    if (name !== null) relations.add(name);
    if (nodeKind === 'FuncCall') addLast(functions, node['funcname']);
    if (nodeKind === 'A_Expr' || nodeKind === 'SubLink') addLast(operators, node['name'] ?? node['operName']);
    if (nodeKind === 'SortBy') addLast(operators, node['useOp']);
    // A type name stands bare in a cast, and in a list of columns.
    addLast(types, node['names']);
    if (nodeKind === 'ColumnRef') for (const field of stringsOf(node['fields']).slice(1)) behindPoints.add(field);
    for (const field of stringsOf(node['indirection'])) behindPoints.add(field);
    return true;
  });
  return {
    functions: [...functions],
    operators: [...operators],
    types: [...types],
    relations: [...relations],
    fields: [...behindPoints],
  };
}

function addLast(names: Set<string>, value: unknown): void {
  const last = stringsOf(value).at(-1);
  if (last !== undefined) names.add(last);
}
