import { asNode, type Fields, itemsOf, stringsOf, walk } from '../../syntax/tree.ts';
import type { ParsedStatement } from './parse-statement.ts';

/** A parameter that is compared with a column. */
export interface ParameterUse {
  /** From 1. */
  readonly parameter: number;
  /** Table or alias before the column's name; null where there is none. */
  readonly qualifier: string | null;
  readonly column: string;
  /** As if the column stood on the left: `at > $1` and `$1 < at` are both `>`. */
  readonly operator: '=' | '<' | '<=' | '>' | '>=' | '<>';
  /** Whether the parameter is an array of what the column is compared with: `= ANY ($1)`. */
  readonly isArray: boolean;
}

type Operator = ParameterUse['operator'];

const operators: Readonly<Record<string, Operator>> = { '=': '=', '<': '<', '<=': '<=', '>': '>', '>=': '>=', '<>': '<>', '!=': '<>' };
const mirrored: Readonly<Record<Operator, Operator>> = { '=': '=', '<': '>', '<=': '>=', '>': '<', '>=': '<=', '<>': '<>' };

/**
 * Which columns a statement's parameters are compared with, also where either stands inside of an expression (`date_trunc('day', at) = $1`,
 * `at > now() - $1`); comparisons of rows pair by pair. In the order of the text. Pure.
 */
export function parameterUses({ fields }: ParsedStatement): readonly ParameterUse[] {
  const uses: ParameterUse[] = [];
  walk(fields, (kind, node) => {
    if (kind === 'A_Expr') uses.push(...comparison(node));
    return true;
  });
  return uses;
}

function comparison(fields: Fields): readonly ParameterUse[] {
  const { kind, lexpr, rexpr } = fields;
  if (typeof kind === 'string' && kind.includes('BETWEEN')) {
    const [low, high] = listItems(rexpr);
    return [...pair(lexpr, low, '>=', false), ...pair(lexpr, high, '<=', false)];
  }
  const operator = operators[stringsOf(fields['name']).at(-1) ?? ''];
  if (operator === undefined) return [];
  const isArray = kind === 'AEXPR_OP_ANY' || kind === 'AEXPR_OP_ALL';
  const [left, right] = [rowItems(lexpr), rowItems(rexpr)];
  if (left === null || right === null) return pair(lexpr, rexpr, operator, isArray);
  return left.flatMap((item, i) => pair(item, right[i], operator, isArray));
}

function pair(left: unknown, right: unknown, operator: Operator, isArray: boolean): readonly ParameterUse[] {
  return [...sided(left, right, operator, isArray), ...sided(right, left, mirrored[operator], isArray)];
}

function sided(columnSide: unknown, parameterSide: unknown, operator: Operator, isArray: boolean): readonly ParameterUse[] {
  const columns: { readonly qualifier: string | null; readonly column: string }[] = [];
  const parameters: number[] = [];
  walk(columnSide, (kind, node) => {
    const names = kind === 'ColumnRef' ? stringsOf(node['fields']) : [];
    const column = names.at(-1);
    if (column !== undefined) columns.push({ qualifier: names.at(-2) ?? null, column });
    return kind !== 'SubLink';
  });
  walk(parameterSide, (kind, node) => {
    if (kind === 'ParamRef' && typeof node['number'] === 'number') parameters.push(node['number']);
    return kind !== 'SubLink';
  });
  return columns.flatMap((column) => parameters.map((parameter) => ({ parameter, ...column, operator, isArray })));
}

function rowItems(value: unknown): readonly unknown[] | null {
  const node = asNode(value);
  return node?.kind === 'RowExpr' ? itemsOf(node.fields['args']) : null;
}

function listItems(value: unknown): readonly unknown[] {
  const node = asNode(value);
  return node?.kind === 'List' ? itemsOf(node.fields['items']) : [];
}
