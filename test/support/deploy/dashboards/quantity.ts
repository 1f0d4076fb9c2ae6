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

const suffixes: readonly (readonly [pattern: RegExp, quantity: Quantity])[] = [
  // The samples of a histogram: how many, not how much.
  [/_(bucket|count)$/, 'count'],
  [/_bytes_per_second$/, 'bytes-per-second'],
  [/_(timestamp|start_time)_seconds$/, 'timestamp'],
  [/_seconds$/, 'seconds'],
  [/_bytes$/, 'bytes'],
  [/_ratio$/, 'ratio'],
];

/** By the suffix of a metric or of a recording rule (`level:metric:operation`). */
export function quantityOfMetric(name: string): Quantity {
  const metric = name.includes(':') ? (name.split(':')[1] ?? '') : name.replace(/_(sum|total)$/, '');
  return suffixes.find(([pattern]) => pattern.test(metric))?.[1] ?? 'count';
}

const perSecond: Readonly<Partial<Record<Quantity, Quantity>>> = { seconds: 'ratio', bytes: 'bytes-per-second' };

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
    if (node.getChild('BoolModifier') !== null) return 'count';
    const operator = leftNode.nextSibling?.type.name ?? '';
    const isThousand = [leftNode, rightNode].some((side) => this.#slice(side) === '1000');
    const found = combine(operator, left, right, isThousand);
    if (found === null) throw new Error(`${left} and ${right} do not go together: ${this.#slice(node)}`);
    return found;
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

/** Null where two quantities do not go together. */
function combine(operator: string, left: Quantity, right: Quantity, isThousand: boolean): Quantity | null {
  switch (operator) {
    case 'And':
    case 'Unless':
      return left;
    case 'Mul':
      return times(left, right, isThousand);
    case 'Div':
      return left === right ? 'ratio' : together(left, right);
    case 'Sub':
      return left === 'timestamp' && right === 'timestamp' ? 'seconds' : shifted(left, right);
    case 'Add':
      return shifted(left, right);
    case 'Or':
      return left === 'number' ? right : together(left, right);
    default:
      return together(left, right);
  }
}

/** A constant fits anything at the right: as a threshold, as what stands in. */
function together(left: Quantity, right: Quantity): Quantity | null {
  return left === right || right === 'number' ? left : null;
}

function shifted(left: Quantity, right: Quantity): Quantity | null {
  return left === 'timestamp' && right === 'seconds' ? left : together(left, right);
}

/** Grafana's dates want milliseconds. A state of 0 or 1, such as an info metric, leaves the other factor what it is. */
function times(left: Quantity, right: Quantity, isThousand: boolean): Quantity | null {
  if (isThousand && (left === 'timestamp' || right === 'timestamp')) return 'timestamp-ms';
  const isFactor = (one: Quantity): boolean => one === 'number' || one === 'count';
  if (isFactor(right)) return left;
  return isFactor(left) ? right : null;
}
