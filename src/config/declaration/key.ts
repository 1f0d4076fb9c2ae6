import type { PlainValue } from '../document/plain-value.ts';
import type { Format } from '../format/format.ts';

/**
 * What the configuration may hold, declared once: the parser, the JSON Schema and docs/configuration.md all walk these, so they cannot
 * disagree. A key holds one value, a section has keys of its own, a list holds sections.
 */
export type Declaration = Key<unknown> | Section<Declarations> | List<Declarations>;
export type Declarations = { readonly [name: string]: Declaration };

export interface Key<T> {
  readonly kind: 'key';
  readonly doc: string;
  readonly format: Format<T>;
  /** As it would be written in a file; null when there is none. */
  readonly default: PlainValue;
  readonly isRequired: boolean;
  /** For the documentation, where it says more than null: `by interval`. */
  readonly defaultNote: string | null;
}

export interface Section<S extends Declarations> {
  readonly kind: 'section';
  readonly doc: string;
  readonly keys: S;
  /** Whether null and false are a value of their own ("none, whatever the defaults say") rather than an absent section. */
  readonly readsNull: boolean;
}

export interface List<S extends Declarations> {
  readonly kind: 'list';
  readonly doc: string;
  readonly items: Section<S>;
  /** Whether it must be there, with at least one entry. */
  readonly isRequired: boolean;
}

/** The values of a section's own keys; its sections and lists are read by whoever knows them. */
export type ValuesOf<S extends Declarations> = {
  readonly [K in keyof S as S[K] extends Key<unknown> ? K : never]: S[K] extends Key<infer T> ? T : never;
};

/** A key that must be written. */
export function required<T>(format: Format<T>, doc: string): Key<T> {
  return { kind: 'key', doc, format, default: null, isRequired: true, defaultNote: null };
}

/** A key that is null unless written. `defaultNote` tells the documentation what null leads to. */
export function optional<T>(format: Format<T>, doc: string, defaultNote: string | null = null): Key<T | null> {
  return { kind: 'key', doc, format, default: null, isRequired: false, defaultNote };
}

/** A key that is worth `written` unless something else is written. */
export function defaulted<T>(format: Format<T>, written: PlainValue, doc: string): Key<T> {
  return { kind: 'key', doc, format, default: written, isRequired: false, defaultNote: null };
}

export function section<S extends Declarations>(doc: string, keys: S, readsNull = false): Section<S> {
  return { kind: 'section', doc, keys, readsNull };
}

/** A list that must be there and not be empty. */
export function list<S extends Declarations>(doc: string, items: Section<S>): List<S> {
  return { kind: 'list', doc, items, isRequired: true };
}

/** A list that is empty unless written. */
export function optionalList<S extends Declarations>(doc: string, items: Section<S>): List<S> {
  return { kind: 'list', doc, items, isRequired: false };
}
