import type { ColumnRef, Node } from 'libpg-query';
import type { ProbedTable } from '../probed-table.ts';
import { walkSyntax } from '../syntax/walk-syntax.ts';
import { columnPath, judgeCondition, type KeyView, type Mark } from './judge-condition.ts';
import { type Owner, type Reference, statementColumns } from './statement-columns.ts';

/** What a statement's own text tells. */
export interface StatementFacts {
  /** Each place where it reads the table, with what its conditions say of the key there, in their order. */
  readonly references: readonly { readonly alias: string; readonly marks: readonly Mark[] }[];
  /** Whether it casts the key itself, or what may be the key. */
  readonly castsKey: boolean;
  /** Numbers of its parameters. */
  readonly parameters: ReadonlySet<number>;
}

/** Nothing of a statement that does not parse. Pure, throws nothing. */
export function readStatement(
  statements: readonly Node[],
  { name, keyColumn }: Pick<ProbedTable, 'name' | 'keyColumn'>,
  view: Omit<KeyView, 'isKey' | 'isSameRow' | 'parameters'>,
): StatementFacts {
  const parameters = new Set<number>();
  const { references, owners, conditions } = statementColumns(statements, name);
  const ownerOf = (column: ColumnRef): Owner => (columnPath(column).at(-1) === keyColumn ? (owners.get(column) ?? null) : null);
  let castsKey = false;
  walkSyntax(statements, (node) => {
    if ('ParamRef' in node) parameters.add(node.ParamRef.number ?? 0);
    const cast = 'TypeCast' in node ? node.TypeCast.arg : undefined;
    castsKey ||= cast !== undefined && 'ColumnRef' in cast && ownerOf(cast.ColumnRef) !== null;
    return true;
  });
  const parts = conditions.flatMap(conjuncts);
  const marksOf = (reference: Reference): readonly Mark[] => {
    const isKey: KeyView['isKey'] = (column) => ownerOf(column) === reference;
    const isSameRow: KeyView['isSameRow'] = (column) => owners.get(column) === reference;
    const marks = parts.map((condition) => judgeCondition(condition, { ...view, isKey, isSameRow, parameters }));
    return marks.filter((mark) => mark !== null);
  };
  return { references: references.map((reference) => ({ alias: reference.alias, marks: marksOf(reference) })), castsKey, parameters };
}

function conjuncts(node: Node): readonly Node[] {
  return 'BoolExpr' in node && node.BoolExpr.boolop === 'AND_EXPR' ? (node.BoolExpr.args ?? []).flatMap(conjuncts) : [node];
}
