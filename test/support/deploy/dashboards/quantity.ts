import { parser } from '@prometheus-io/lezer-promql';

type Node = ReturnType<typeof parser.parse>['topNode'];

/** What the values of an expression are; `number` is a constant that fits anything. */
export type Quantity = 'timestamp' | 'timestamp-ms' | 'seconds' | 'bytes' | 'bytes-per-second' | 'ratio' | 'count' | 'number';

/** Units of Grafana in which a quantity may be shown. */
export const unitsOfQuantity: Readonly<Record<Quantity, readonly string[]>> = {
  timestamp: [],
  'timestamp-ms': ['dateTimeAsIso', 'dateTimeFromNow'],
  seconds: ['s'],
  bytes: ['bytes'],
  'bytes-per-second': ['Bps'],
  ratio: ['percentunit'],
  count: ['short', 'none'],
  number: ['short', 'none'],
};

/**
 * The quantity of an expression, from the suffixes of its metrics and what is done to them. Throws, with the place, at what makes no sense: a
 * sum of bytes and seconds, an `or` of two quantities.
 */
export function quantityOf(expression: string): Quantity {
  const top = parser.parse(expression).topNode.firstChild;
  if (top === null) throw new Error(`no expression: ${expression}`);
  return new Reader(expression).of(top);
}

/** By the suffix of a metric or of a recording rule (`level:metric:operation`). */
export function quantityOfMetric(name: string): Quantity {
  const metric = name.includes(':') ? (name.split(':')[1] ?? '') : name.replace(/_(sum|total)$/, '');
  // The samples of a histogram: how many, not how much.
  if (/_(bucket|count)$/.test(metric)) return 'count';
  if (metric.endsWith('_bytes_per_second')) return 'bytes-per-second';
  const suffix = /_(timestamp_seconds|time_seconds|seconds|bytes|ratio)$/.exec(metric)?.[1];
  if (suffix === 'timestamp_seconds' || (suffix === 'time_seconds' && metric.endsWith('_start_time_seconds'))) return 'timestamp';
  return suffix === 'seconds' || suffix === 'time_seconds' ? 'seconds' : suffix === 'bytes' || suffix === 'ratio' ? suffix : 'count';
}

const perSecond: Readonly<Partial<Record<Quantity, Quantity>>> = { seconds: 'ratio', bytes: 'bytes-per-second' };
const comparisons = ['Eql', 'Gte', 'Gtr', 'Lss', 'Lte', 'Neq'];

class Reader {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  of(node: Node): Quantity {
    switch (node.type.name) {
      case 'NumberDurationLiteral':
        return 'number';
      case 'VectorSelector':
        return quantityOfMetric(this.#slice(node.getChild('Identifier')));
      case 'BinaryExpr':
        return this.#binary(node);
      case 'FunctionCall':
        return this.#call(node, this.#slice(node.getChild('FunctionIdentifier')));
      case 'AggregateExpr':
        return this.#call(node, this.#slice(node.getChild('AggregateOp')));
      case 'ParenExpr':
      case 'MatrixSelector':
      case 'StepInvariantExpr':
      case 'OffsetExpr':
        return this.of(this.#first(node));
      default:
        throw new Error(`no quantity is known of ${node.type.name}: ${this.#slice(node)}`);
    }
  }

  #call(node: Node, name: string): Quantity {
    if (name === 'time') return 'timestamp';
    if (name === 'vector') return 'number';
    if (['count', 'count_values', 'changes', 'absent'].includes(name)) return 'count';
    const argument = node.getChild('FunctionCallBody')?.lastChild ?? null;
    if (argument === null) throw new Error(`nothing in ${this.#slice(node)}`);
    if (name === 'histogram_quantile') return quantityOfMetric(this.#firstMetric(argument).replace(/_bucket$/, ''));
    const inner = this.of(argument);
    return name === 'rate' || name === 'irate' ? (perSecond[inner] ?? inner) : inner;
  }

  #binary(node: Node): Quantity {
    const [leftNode, rightNode] = [this.#first(node), node.lastChild ?? node];
    const [left, right] = [this.of(leftNode), this.of(rightNode)];
    const does = (name: string): boolean => node.getChild(name) !== null;
    if (does('BoolModifier')) return 'count';
    if (does('And') || does('Unless')) return left;
    if (does('Mul')) return times(left, right, this.#slice(leftNode), this.#slice(rightNode));
    if (does('Div') && left === right) return 'ratio';
    if (does('Div') && right === 'number') return left;
    if (does('Sub') && left === 'timestamp' && right === 'timestamp') return 'seconds';
    if ((does('Sub') || does('Add')) && left === 'timestamp' && right === 'seconds') return 'timestamp';
    if (left === right || right === 'number') return left;
    if (left === 'number' && !comparisons.some(does)) return right;
    throw new Error(`${left} and ${right} do not go together: ${this.#slice(node)}`);
  }

  #firstMetric(node: Node): string {
    let found = '';
    node.cursor().iterate(({ node: below, type }) => {
      if (type.name === 'VectorSelector' && found === '') found = this.#slice(below.getChild('Identifier'));
    });
    return found;
  }

  #first(node: Node): Node {
    if (node.firstChild === null) throw new Error(`nothing in ${this.#slice(node)}`);
    return node.firstChild;
  }

  #slice(node: Node | null): string {
    return node === null ? '' : this.#text.slice(node.from, node.to);
  }
}

/** Grafana's dates want milliseconds. A state of 0 or 1, such as an info metric, leaves the other factor what it is. */
function times(left: Quantity, right: Quantity, leftText: string, rightText: string): Quantity {
  if (left === 'timestamp' && rightText === '1000') return 'timestamp-ms';
  if (right === 'timestamp' && leftText === '1000') return 'timestamp-ms';
  if (right === 'number' || right === 'count') return left;
  if (left === 'number' || left === 'count') return right;
  throw new Error(`${left} times ${right}: ${leftText} * ${rightText}`);
}
