import { parser } from '@prometheus-io/lezer-promql';
import { isAlert, type Rule } from './rules-file.ts';

type Node = ReturnType<typeof parser.parse>['topNode'];

/** A rule with one mistake in it. */
export interface RuleMutant {
  readonly mistake: string;
  readonly rule: Rule;
}

const flipped: Readonly<Record<string, string>> = { '>': '<', '<': '>', '==': '!=', '!=': '==', '>=': '<', '<=': '>' };

/**
 * Every mistake that the tests must notice: each comparison the other way round, each number but 0 halved and doubled, each label taken out of
 * a `by`, each function over a window taken away, each `for` of a second and of five days.
 */
export function mutantsOf(rule: Rule): readonly RuleMutant[] {
  const { expr } = rule;
  const mutants: RuleMutant[] = [];
  parser.parse(expr).iterate({
    enter: ({ node }) => {
      for (const { from, to, text } of replacements(node, expr)) {
        const line = expr.slice(0, from).split('\n').length;
        const mistake = `line ${line}: "${expr.slice(from, to)}" becomes "${text}"`;
        mutants.push({ mistake, rule: { ...rule, expr: expr.slice(0, from) + text + expr.slice(to) } });
      }
    },
  });
  if (isAlert(rule) && rule.for !== undefined)
    for (const duration of ['1s', '5d'])
      mutants.push({ mistake: `for: ${rule.for} becomes ${duration}`, rule: { ...rule, for: duration } });
  return mutants;
}

interface Replacement {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

function replacements(node: Node, expr: string): readonly Replacement[] {
  const { from, to } = node;
  const text = expr.slice(from, to);
  const other = flipped[text];
  if (other !== undefined && node.firstChild === null) return [{ from, to, text: other }];
  if (node.name === 'NumberDurationLiteral' && Number(text) !== 0)
    return [0.5, 2].map((factor) => ({ from, to, text: String(Number(text) * factor) }));
  if (node.name === 'GroupingLabels' && node.prevSibling?.name === 'By') return withoutEach(node, expr);
  if (node.name === 'FunctionCall' && /^\w+_over_time\b/.test(text)) return withoutWindow(node, expr);
  return [];
}

function withoutEach(node: Node, expr: string): readonly Replacement[] {
  const labels = node.getChildren('LabelName').map((label) => expr.slice(label.from, label.to));
  return labels.map((label) => ({ from: node.from, to: node.to, text: `(${labels.filter((one) => one !== label).join(', ')})` }));
}

function withoutWindow(node: Node, expr: string): readonly Replacement[] {
  const selector = node.getChild('FunctionCallBody')?.getChild('MatrixSelector')?.getChild('VectorSelector');
  return selector ? [{ from: node.from, to: node.to, text: expr.slice(selector.from, selector.to) }] : [];
}
