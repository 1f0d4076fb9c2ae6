/** Where a value stands: its key path, such as `databases[0].tables[2].interval`, and its line, 1-based; null when it is in no file. */
export interface Place {
  readonly path: string;
  readonly line: number | null;
}

export type Scalar = string | number | bigint | boolean | null;

export interface ScalarNode extends Place {
  readonly kind: 'scalar';
  /** The value with its variables filled in. */
  readonly value: Scalar;
  /** What messages show instead of the value: its text before variables were filled in, or `NAME=value` of the environment; else null. */
  readonly written: string | null;
  /** Of a number in decimal digits: its text as it stands in the file, for who must not lose `1.50`; else null. */
  readonly decimal: string | null;
  /** A problem with this value has been reported already (an unset variable); it is not looked at any further. */
  readonly isBroken: boolean;
}

export interface MapNode extends Place {
  readonly kind: 'map';
  readonly entries: ReadonlyMap<string, ConfigNode>;
}

export interface ListNode extends Place {
  readonly kind: 'list';
  readonly items: readonly ConfigNode[];
}

/** A configuration file as a tree in which every value knows where it came from, so that defaults can be merged and still be blamed. */
export type ConfigNode = ScalarNode | MapNode | ListNode;

/** Notes one problem; the reader goes on, so that all problems are found in one pass. */
export type Report = (place: Place, message: string) => void;

/** Path of `key` under `parent` (empty for the root). Keys that are not plain words are quoted: `storage["toast.autovacuum_enabled"]`. */
export function childPath(parent: string, key: string | number): string {
  if (typeof key === 'number') return `${parent}[${key}]`;
  if (!/^[A-Za-z_][\w-]*$/.test(key)) return `${parent}[${JSON.stringify(key)}]`;
  return parent === '' ? key : `${parent}.${key}`;
}

/** True for an absent value and for one that is written but empty (`http:` with nothing behind it): both mean "not set". */
export function isUnset(node: ConfigNode | undefined): node is undefined {
  return node === undefined || (node.kind === 'scalar' && node.value === null);
}
