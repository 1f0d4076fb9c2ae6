import type { ConfigNode, Scalar } from './config-node.ts';

/** A value without its place: what formats parse. Whole numbers are numbers while they are exact, bigints beyond. */
export type PlainValue = Scalar | readonly PlainValue[] | { readonly [key: string]: PlainValue };

/** The value of a node, places and all removed. */
export function plainValue(node: ConfigNode): PlainValue {
  switch (node.kind) {
    case 'scalar':
      return node.value;
    case 'list':
      return node.items.map(plainValue);
    case 'map':
      // fromEntries defines properties, so that a key called __proto__ stays a key.
      return Object.fromEntries([...node.entries].map(([key, value]) => [key, plainValue(value)]));
  }
}

export function isPlainMap(value: PlainValue): value is { readonly [key: string]: PlainValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
