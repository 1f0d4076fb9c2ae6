import type { A_Expr, BoolExpr, ColumnRef, Node } from 'libpg-query';
import { walkSyntax } from '../syntax/walk-syntax.ts';
import { initPlanParameter, subPlanParameter } from './condition-text.ts';

/** What one condition says of the key. */
export type Mark =
  /** It prunes. exact: it bounds the key on both sides. */
  | { readonly kind: 'prunes'; readonly side: 'exact' | 'lower' | 'upper' }
  /** `type` as format_type writes it. */
  | { readonly kind: 'cast'; readonly type: string }
  | { readonly kind: 'function-on-key' | 'join-only' | 'volatile-value' }
  | { readonly kind: 'generic-plan'; readonly isSubplan: boolean }
  | { readonly kind: 'not-restricting'; readonly how: 'or' | 'not' | 'not-null' | 'operator' | 'same-row' | 'each-row' };

export interface KeyView {
  /** Whether a column is the key of the table, as one reference to it names it. */
  isKey(column: ColumnRef): boolean;
  /** Whether it is another column of the same row. */
  isSameRow(column: ColumnRef): boolean;
  /** As format_type writes it. */
  readonly keyType: string;
  /** Whether anything was pruned: then a function that we do not know cannot be volatile. */
  readonly hasPruned: boolean;
  /** Numbers of the statement's own parameters; others are answers of InitPlans (`$0`, before PostgreSQL 17). */
  readonly parameters: ReadonlySet<number>;
  /** Whether the statement was run, so that what its subplans answered has pruned already. */
  readonly wasRun: boolean;
}

/**
 * What a condition says of the key; null when nothing. Follows match_clause_to_partition_key (src/backend/partitioning/partprune.c): a
 * comparison of the bare key with what does not depend on rows, of the key's operator family. Pure, throws nothing.
 */
export function judgeCondition(node: Node, view: KeyView): Mark | null {
  if (!mentions(node, view)) return null;
  if ('BoolExpr' in node) return judgeBoolean(node.BoolExpr, view);
  if ('A_Expr' in node) return judgeOperator(node.A_Expr, view);
  if ('NullTest' in node) {
    if (node.NullTest.arg === undefined || !isBare(node.NullTest.arg, view)) return { kind: 'function-on-key' };
    return node.NullTest.nulltesttype === 'IS_NULL' ? exact : { kind: 'not-restricting', how: 'not-null' };
  }
  // `key IN (SELECT ...)`, as the statement has it: where it is no join it is asked for each row.
  if ('SubLink' in node) return { kind: 'not-restricting', how: 'each-row' };
  return { kind: 'function-on-key' };
}

const exact: Mark = { kind: 'prunes', side: 'exact' };

function judgeBoolean({ boolop, args = [] }: BoolExpr, view: KeyView): Mark {
  const marks = args.map((arg) => judgeCondition(arg, view));
  if (boolop === 'AND_EXPR') {
    return marks.find((mark) => mark?.kind === 'prunes') ?? marks.find((mark) => mark !== null) ?? { kind: 'not-restricting', how: 'or' };
  }
  if (boolop === 'NOT_EXPR') return { kind: 'not-restricting', how: 'not' };
  // One arm that leaves every partition is enough; one that could prune if its value were known is the least.
  if (marks.includes(null)) return { kind: 'not-restricting', how: 'or' };
  const weak = marks.filter((mark) => mark?.kind !== 'prunes');
  return weak.find((mark) => mark?.kind !== 'generic-plan') ?? weak[0] ?? exact;
}

const sides: Readonly<Record<string, 'exact' | 'lower' | 'upper'>> = {
  '=': 'exact',
  '>': 'lower',
  '>=': 'lower',
  '<': 'upper',
  '<=': 'upper',
};
const turned = { exact: 'exact', lower: 'upper', upper: 'lower' } as const;

function judgeOperator(expression: A_Expr, view: KeyView): Mark {
  const { lexpr, rexpr } = expression;
  const isLeft = mentions(lexpr, view);
  const keySide = isLeft ? lexpr : rexpr;
  const value = isLeft ? rexpr : lexpr;
  const obstacle = judgeKeySide(keySide, view);
  if (obstacle !== null) return obstacle;
  const side = sideOf(expression);
  if (side === null) return { kind: 'not-restricting', how: isNegation(expression) ? 'not' : 'operator' };
  return judgeValue(value, view) ?? { kind: 'prunes', side: isLeft ? side : turned[side] };
}

const comparing: ReadonlySet<A_Expr['kind']> = new Set(['AEXPR_OP', 'AEXPR_OP_ANY', 'AEXPR_OP_ALL', 'AEXPR_IN']);

/** Null: no comparison by which PostgreSQL prunes. */
function sideOf(expression: A_Expr): 'exact' | 'lower' | 'upper' | null {
  if (expression.kind === 'AEXPR_BETWEEN' || expression.kind === 'AEXPR_BETWEEN_SYM') return 'exact';
  return comparing.has(expression.kind) ? (sides[operatorOf(expression)] ?? null) : null;
}

function isNegation(expression: A_Expr): boolean {
  const { kind = 'AEXPR_OP' } = expression;
  return operatorOf(expression) === '<>' || kind === 'AEXPR_DISTINCT' || kind.startsWith('AEXPR_NOT_BETWEEN');
}

function operatorOf({ name = [] }: A_Expr): string {
  return lastName(name);
}

/** Null when it is the key alone. */
function judgeKeySide(node: Node | undefined, view: KeyView): Mark | null {
  if (node === undefined) return { kind: 'function-on-key' };
  if (isBare(node, view)) return null;
  if ('TypeCast' in node && node.TypeCast.arg !== undefined && isBare(node.TypeCast.arg, view)) {
    return { kind: 'cast', type: typeName(lastName(node.TypeCast.typeName?.names ?? [])) };
  }
  return { kind: 'function-on-key' };
}

const textTypes: ReadonlySet<string> = new Set(['text', 'character varying']);

/** `(code)::text` of a varchar is only another name for it; a collation is the key's own where something was pruned. */
function isBare(node: Node, view: KeyView): boolean {
  if ('ColumnRef' in node) return view.isKey(node.ColumnRef);
  if ('CollateClause' in node) return view.hasPruned && node.CollateClause.arg !== undefined && isBare(node.CollateClause.arg, view);
  if (!('TypeCast' in node) || node.TypeCast.arg === undefined || !isBare(node.TypeCast.arg, view)) return false;
  const type = typeName(lastName(node.TypeCast.typeName?.names ?? []));
  return type === view.keyType || (textTypes.has(type) && textTypes.has(view.keyType));
}

type Seen = 'other-table' | 'same-row' | 'parameter' | 'init-plan' | 'each-row' | 'volatile' | 'unknown-function';

/** Null when the value is known before the first row. */
function judgeValue(node: Node | undefined, view: KeyView): Mark | null {
  const seen = new Set<Seen | null>();
  walkSyntax(node, (part) => {
    seen.add(seenIn(part, view));
    return !('SubLink' in part);
  });
  if (seen.has('same-row')) return { kind: 'not-restricting', how: 'same-row' };
  if (seen.has('each-row')) return { kind: 'not-restricting', how: 'each-row' };
  if (seen.has('other-table')) return { kind: 'join-only' };
  if (seen.has('volatile') || (seen.has('unknown-function') && !view.hasPruned)) return { kind: 'volatile-value' };
  if (seen.has('parameter')) return { kind: 'generic-plan', isSubplan: false };
  return seen.has('init-plan') && !view.wasRun ? { kind: 'generic-plan', isSubplan: true } : null;
}

function seenIn(part: Node, view: KeyView): Seen | null {
  if ('ColumnRef' in part) return view.isKey(part.ColumnRef) || view.isSameRow(part.ColumnRef) ? 'same-row' : 'other-table';
  if ('SubLink' in part) return 'init-plan';
  if ('ParamRef' in part) return seenParameter(part.ParamRef.number ?? 0, view);
  return 'FuncCall' in part ? seenFunction(lastName(part.FuncCall.funcname ?? [])) : null;
}

function seenParameter(number: number, view: KeyView): Seen {
  if (number === subPlanParameter) return 'each-row';
  return number !== initPlanParameter && view.parameters.has(number) ? 'parameter' : 'init-plan';
}

function seenFunction(name: string): Seen | null {
  if (volatileFunctions.has(name)) return 'volatile';
  return stableFunctions.has(name) ? null : 'unknown-function';
}

/** Source: `SELECT proname FROM pg_proc WHERE provolatile = 'v'` of PostgreSQL 18, those that yield values to compare with. */
const volatileFunctions: ReadonlySet<string> = new Set([
  'clock_timestamp',
  'timeofday',
  'random',
  'random_normal',
  'gen_random_uuid',
  'uuidv4',
  'uuidv7',
  'nextval',
  'currval',
  'lastval',
]);

/** Those that PostgreSQL leaves in a plan and computes when the executor starts. Not all there are: the others show by what they prune. */
const stableFunctions: ReadonlySet<string> = new Set([
  'now',
  'transaction_timestamp',
  'statement_timestamp',
  'timezone',
  'date_trunc',
  'date_part',
  'extract',
  'age',
  'date',
  'timestamp',
  'timestamptz',
  'to_timestamp',
  'to_date',
  'make_timestamptz',
  'current_setting',
]);

/** Whether the key stands anywhere in it; what a query inside of it says is that query's. */
function mentions(node: Node | undefined, view: Pick<KeyView, 'isKey'>): boolean {
  let isFound = false;
  walkSyntax(node, (part) => {
    if ('ColumnRef' in part && view.isKey(part.ColumnRef)) isFound = true;
    if ('SubLink' in part && mentions(part.SubLink.testexpr, view)) isFound = true;
    return !isFound && !('SubLink' in part);
  });
  return isFound;
}

/** The parts of a column's name; `*` is left out. */
export function columnPath({ fields = [] }: ColumnRef): readonly string[] {
  return fields.flatMap((field) => ('String' in field ? [field.String.sval ?? ''] : []));
}

function lastName(names: readonly Node[]): string {
  const last = names.at(-1);
  return last !== undefined && 'String' in last ? (last.String.sval ?? '') : '';
}

const typeNames: Readonly<Record<string, string>> = {
  int2: 'smallint',
  int4: 'integer',
  int8: 'bigint',
  float4: 'real',
  float8: 'double precision',
  bpchar: 'character',
  varchar: 'character varying',
  timestamp: 'timestamp without time zone',
  timestamptz: 'timestamp with time zone',
};

/** As format_type writes it. */
function typeName(name: string): string {
  return typeNames[name] ?? name;
}
