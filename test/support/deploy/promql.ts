import { parser } from '@prometheus-io/lezer-promql';

type Node = ReturnType<typeof parser.parse>['topNode'];

/** A range of the text: `text.slice(from, to)`. */
interface Span {
  readonly from: number;
  readonly to: number;
}

export interface LabelMatcher {
  readonly label: string;
  readonly operator: '=' | '!=' | '=~' | '!~';
  readonly value: string;
}

/** `name{matchers}[range]`, once for each time that it is written. */
export interface Selector extends Span {
  readonly metric: string;
  readonly matchers: readonly LabelMatcher[];
  /** As written, `5m`; null for an instant vector. */
  readonly range: string | null;
  /** Functions and aggregations around it, innermost first: `['last_over_time', 'max']`. */
  readonly inside: readonly string[];
}

/** A list of labels, as of `by (a, b)`. */
export interface Grouping extends Span {
  readonly kind: 'by' | 'without' | 'on' | 'ignoring' | 'group_left' | 'group_right';
  readonly labels: readonly string[];
  /** Metrics that the list is about: those of the aggregation, or of both sides of the operator. */
  readonly metrics: readonly string[];
  /** Labels that the expression itself makes below here (`count_values`, `label_replace`, `label_join`). */
  readonly made: readonly string[];
}

export interface PromqlFacts {
  readonly selectors: readonly Selector[];
  readonly groupings: readonly Grouping[];
  readonly functions: readonly string[];
}

/**
 * What an expression of PromQL reads: which metrics with which matchers, and which labels it groups by. Throws at what does not parse, with
 * the place. Variables of Grafana do not parse; put values in their place first.
 */
export function readPromql(text: string): PromqlFacts {
  const tree = parser.parse(text);
  const [selectors, groupings, functions]: [Selector[], Grouping[], string[]] = [[], [], []];
  tree.iterate({
    enter: ({ node, type }) => {
      if (type.isError) throw new Error(`does not parse as PromQL at "${text.slice(node.from, node.from + 30)}": ${text}`);
      if (type.name === 'VectorSelector') selectors.push(readSelector(node, text));
      if (type.name === 'GroupingLabels') groupings.push(readGrouping(node, text));
      if (type.name === 'FunctionIdentifier' || type.name === 'AggregateOp') functions.push(slice(node, text));
    },
  });
  return { selectors, groupings, functions };
}

/**
 * The operands of `or` at the top of an expression, left to right, without the parentheses around one: each is a way of its own to fire.
 * One element where there is no `or`.
 */
export function branchesOfOr(text: string): readonly string[] {
  const top = parser.parse(text).topNode.firstChild;
  if (top === null) throw new Error(`no expression: ${text}`);
  return operandsOfOr(top).map((node) => slice(node, text));
}

function operandsOfOr(node: Node): readonly Node[] {
  const [left, right] = [node.firstChild, node.lastChild];
  if (left === null || right === null) return [node];
  if (node.type.name === 'ParenExpr') return operandsOfOr(left);
  return node.type.name === 'BinaryExpr' && node.getChild('Or') !== null ? [...operandsOfOr(left), ...operandsOfOr(right)] : [node];
}

function readSelector(node: Node, text: string): Selector {
  const matchers = (node.getChild('LabelMatchers')?.getChildren('UnquotedLabelMatcher') ?? []).map((matcher) => readMatcher(matcher, text));
  const name = node.getChild('Identifier');
  const metric = name === null ? matchers.find(({ label }) => label === '__name__')?.value : slice(name, text);
  if (metric === undefined) throw new Error(`a selector without a name: ${slice(node, text)}`);
  const matrix = node.parent?.type.name === 'MatrixSelector' ? node.parent : null;
  const range = matrix === null ? null : text.slice(node.to, matrix.to).replace(/^\s*\[\s*|\s*\]\s*$/g, '');
  const span = { from: node.from, to: (matrix ?? node).to };
  return { ...span, metric, matchers: matchers.filter(({ label }) => label !== '__name__'), range, inside: functionsAround(node, text) };
}

function readMatcher(node: Node, text: string): LabelMatcher {
  const operator = part(node, 'MatchOp', text);
  if (operator !== '=' && operator !== '!=' && operator !== '=~' && operator !== '!~') throw new Error(`unknown operator ${operator}`);
  return { label: part(node, 'LabelName', text), operator, value: unquote(part(node, 'StringLiteral', text)) };
}

function functionsAround(node: Node, text: string): readonly string[] {
  const names: string[] = [];
  for (let around = node.parent; around !== null; around = around.parent) {
    const name = around.getChild('FunctionIdentifier') ?? around.getChild('AggregateOp');
    if (name !== null) names.push(slice(name, text));
  }
  return names;
}

const groupingKinds: Readonly<Record<string, Grouping['kind']>> = {
  By: 'by',
  Without: 'without',
  On: 'on',
  Ignoring: 'ignoring',
  GroupLeft: 'group_left',
  GroupRight: 'group_right',
};

function readGrouping(node: Node, text: string): Grouping {
  const kind = groupingKinds[node.prevSibling?.type.name ?? ''];
  const around = node.parent?.parent ?? null;
  if (kind === undefined || around === null) throw new Error(`a list of labels in an unknown place: ${text}`);
  const labels = node.getChildren('LabelName').map((label) => slice(label, text));
  return { from: node.from, to: node.to, kind, labels, ...namesBelow(around, text) };
}

const labelMakers: ReadonlySet<string> = new Set(['count_values', 'label_replace', 'label_join']);

function namesBelow(node: Node, text: string): Pick<Grouping, 'metrics' | 'made'> {
  const [metrics, made] = [new Set<string>(), new Set<string>()];
  node.cursor().iterate(({ node: below, type }) => {
    if (type.name === 'VectorSelector') metrics.add(readSelector(below, text).metric);
    const name = below.getChild('FunctionIdentifier') ?? below.getChild('AggregateOp');
    // All three name the new label in their first string.
    const label = below.getChild('FunctionCallBody')?.getChild('StringLiteral');
    if (name !== null && label && labelMakers.has(slice(name, text))) made.add(unquote(slice(label, text)));
  });
  return { metrics: [...metrics], made: [...made] };
}

function part(node: Node, name: string, text: string): string {
  const child = node.getChild(name);
  if (child === null) throw new Error(`no ${name} in ${slice(node, text)}`);
  return slice(child, text);
}

function slice({ from, to }: Span, text: string): string {
  return text.slice(from, to);
}

function unquote(literal: string): string {
  return literal.slice(1, -1).replaceAll(/\\(.)/g, '$1');
}
