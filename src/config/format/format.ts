import type { PlainValue } from '../document/plain-value.ts';

export type JsonSchema = { readonly [key: string]: JsonValue };
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonSchema;

/**
 * One kind of value: how it is read, and how it is described to people and to editors. `parse` gets the value as the file holds it
 * (an environment variable is always text, so formats of numbers and booleans also read them from text, all of it or nothing) and
 * throws a `RangeError` whose message says why the value cannot be used.
 */
export interface Format<T> {
  /** For the type column of the documentation: `duration`, `whole number`. */
  readonly title: string;
  /** Completes "Allowed: ...". */
  readonly allowed: string;
  /** What `parse` accepts of values written in a file, variables and null aside. */
  readonly schema: JsonSchema;
  /** Whether null and false have a meaning of their own; for other formats null is the same as an absent key. */
  readonly readsNull: boolean;
  /** Never quoted in messages, not even in part. */
  readonly isSecret: boolean;
  readonly parse: (value: PlainValue) => T;
}

/** A format with the usual answers for what most formats do not care about. */
export function format<T>(parts: Omit<Format<T>, 'readsNull' | 'isSecret'> & Partial<Format<T>>): Format<T> {
  return { readsNull: false, isSecret: false, ...parts };
}
