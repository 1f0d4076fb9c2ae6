import type { PostgresParser, Token } from '../syntax/postgres-parser.ts';

/** One of the conditions that must all hold. */
export interface Conjunct {
  /** As EXPLAIN prints it, without the parentheses around it. */
  readonly text: string;
  /** The same as an SQL expression: what stands for a subplan's answer is a parameter, one of the two below. */
  readonly expression: string;
  /** Whether it uses a subplan's answer. */
  readonly hasSubplan: boolean;
}

/**
 * What an InitPlan answers once, before the first row, and what a SubPlan answers for each row, hashed or not. No statement has so many
 * parameters of its own (65,535 is the most that the protocol carries).
 */
export const initPlanParameter = 99_999;
export const subPlanParameter = 99_998;

/**
 * The conjuncts of a condition of EXPLAIN, in their order. PostgreSQL puts each operand of AND into parentheses of its own
 * (get_rule_expr in ruleutils.c), so that words at the outermost level are enough to take them apart. Pure, throws nothing.
 */
export function splitCondition(parser: PostgresParser, condition: string): readonly Conjunct[] {
  const inner = withoutParentheses(parser, condition.trim());
  const tokens = parser.tokens(inner);
  if (tokens === null) return [{ text: inner, expression: inner, hasSubplan: false }];
  const parts = splitAtAnd(inner, tokens);
  if (parts.length > 1) return parts.flatMap((part) => splitCondition(parser, part));
  const expression = withoutSubplans(inner, tokens);
  return [{ text: inner, expression, hasSubplan: expression !== inner }];
}

/** Constants as `?`: they may be somebody's values. */
export function withoutValues(parser: PostgresParser, text: string): string {
  const tokens = parser.tokens(text);
  return tokens === null
    ? '?'
    : replaced(
        text,
        tokens.filter(({ isConstant }) => isConstant).map((token) => ({ ...token, text: '?' })),
      );
}

function splitAtAnd(text: string, tokens: readonly Token[]): readonly string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (const token of tokens) {
    if (token.text === '(') depth += 1;
    if (token.text === ')') depth -= 1;
    // A condition at this level that is no AND ends the search: its operands are no conjuncts.
    if (depth === 0 && token.text === 'OR') return [text];
    if (depth > 0 || token.text !== 'AND') continue;
    parts.push(text.slice(from, token.start));
    from = token.end;
  }
  return [...parts, text.slice(from)];
}

function withoutParentheses(parser: PostgresParser, text: string): string {
  if (!text.startsWith('(') || !text.endsWith(')')) return text;
  const tokens = parser.tokens(text) ?? [];
  let depth = 0;
  for (const { text: word, end } of tokens) {
    if (word === '(') depth += 1;
    if (word === ')') depth -= 1;
    if (depth === 0 && end < text.length) return text;
  }
  return depth === 0 && tokens.length > 0 ? withoutParentheses(parser, text.slice(1, -1).trim()) : text;
}

/**
 * `(InitPlan 1).col1`, `(SubPlan 2)`, `(ANY (x = (hashed SubPlan 3).col1))`: words of EXPLAIN that are no SQL. Source: get_rule_expr in
 * ruleutils.c, T_SubPlan.
 */
function withoutSubplans(text: string, tokens: readonly Token[]): string {
  const found = tokens.flatMap((token, i) => {
    const subplan = token.text === '(' ? subplanAt(tokens.slice(i + 1, i + 7)) : null;
    return subplan === null ? [] : [{ text: `$${subplan.parameter}`, start: token.start, end: subplan.end, isConstant: false }];
  });
  if (found.length === 0) return text;
  const quantifiers = tokens
    .filter(({ text: word }, i) => isQuantifier(word, tokens[i - 1]?.text))
    .map((token) => ({ ...token, text: '' }));
  return replaced(
    text,
    [...found, ...quantifiers].toSorted((a, b) => a.start - b.start),
  );
}

/** That of a whole comparison; the one of an array stands behind an operator. */
function isQuantifier(word: string, before: string | undefined): boolean {
  return (word === 'ANY' || word === 'ALL') && (before === undefined || before === '(');
}

const plans: ReadonlyMap<string, number> = new Map([
  ['InitPlan', initPlanParameter],
  ['SubPlan', subPlanParameter],
]);
const modes: ReadonlySet<string> = new Set(['hashed', 'rescan']);

/** `words`: what follows an opening parenthesis. Null: no subplan. */
function subplanAt(words: readonly Token[]): { readonly parameter: number; readonly end: number } | null {
  const rest = modes.has(words[0]?.text ?? '') ? words.slice(1) : words;
  const [plan, , close, dot, column] = rest.map(({ text }) => text);
  const parameter = plans.get(plan ?? '');
  const end = rest[dot === '.' && column !== undefined ? 4 : 2]?.end;
  return parameter === undefined || close !== ')' || end === undefined ? null : { parameter, end };
}

function replaced(text: string, by: readonly Token[]): string {
  let result = '';
  let from = 0;
  for (const { start, end, text: word } of by) {
    result += text.slice(from, start) + word;
    from = end;
  }
  return result + text.slice(from);
}
