import type { Node } from 'libpg-query';
import { walkSyntax } from '../syntax/walk-syntax.ts';
import { columnPath, judgeCondition, type KeyView, type Mark } from './judge-condition.ts';

/** What a statement's own text tells. */
export interface StatementFacts {
  /** Of its conditions on a column of the key's name, whatever table that is of; in their order. */
  readonly marks: readonly Mark[];
  /** Whether it casts such a column itself. */
  readonly castsKey: boolean;
  /** Numbers of its parameters. */
  readonly parameters: ReadonlySet<number>;
}

/** Nothing of a statement that does not parse. Pure, throws nothing. */
export function readStatement(
  statements: readonly Node[],
  keyColumn: string,
  view: Omit<KeyView, 'isKey' | 'isSameRow' | 'parameters'>,
): StatementFacts {
  const parameters = new Set<number>();
  const conditions: Node[] = [];
  let castsKey = false;
  const isKey: KeyView['isKey'] = (column) => columnPath(column).at(-1) === keyColumn;
  walkSyntax(statements, (node) => {
    if ('ParamRef' in node) parameters.add(node.ParamRef.number ?? 0);
    if ('TypeCast' in node && node.TypeCast.arg !== undefined && 'ColumnRef' in node.TypeCast.arg && isKey(node.TypeCast.arg.ColumnRef)) {
      castsKey = true;
    }
    conditions.push(...conditionsOf(node));
    return true;
  });
  const isSameRow: KeyView['isSameRow'] = (column) => columnPath(column).length === 1;
  const marks = conditions.flatMap(conjuncts).map((condition) => judgeCondition(condition, { ...view, isKey, isSameRow, parameters }));
  return { marks: marks.filter((mark) => mark !== null), castsKey, parameters };
}

function conditionsOf(node: Node): readonly Node[] {
  const found = [
    'SelectStmt' in node ? node.SelectStmt.whereClause : undefined,
    'JoinExpr' in node ? node.JoinExpr.quals : undefined,
    'UpdateStmt' in node ? node.UpdateStmt.whereClause : undefined,
    'DeleteStmt' in node ? node.DeleteStmt.whereClause : undefined,
  ];
  return found.filter((condition) => condition !== undefined);
}

function conjuncts(node: Node): readonly Node[] {
  return 'BoolExpr' in node && node.BoolExpr.boolop === 'AND_EXPR' ? (node.BoolExpr.args ?? []).flatMap(conjuncts) : [node];
}
