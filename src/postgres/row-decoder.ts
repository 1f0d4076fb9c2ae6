import pg from 'pg';
import { InvariantError } from '../errors.ts';

/**
 * The border between the server and the program: a session hands every column over as the text PostgreSQL sent (or null), and a decoder
 * turns it into a domain value or throws. `where` names query and column.
 */
export type Decoder<T> = (value: string | null, where: string) => T;
export type RowDecoder<T> = (row: Readonly<Record<string, string | null>>, queryName: string) => T;

function unexpected(where: string, value: string | null, wanted: string): InvariantError {
  const found = value === null ? 'null' : 'something else';
  return new InvariantError('PD902', `${where}: expected ${wanted}, the server sent ${found}`);
}

function parsed<T>(wanted: string, parse: (value: string) => T | undefined): Decoder<T> {
  return (value, where) => {
    const result = value === null ? undefined : parse(value);
    if (result === undefined) throw unexpected(where, value, wanted);
    return result;
  };
}

export const text: Decoder<string> = parsed('text', (value) => value);
/** For counts and sizes that fit a double exactly, and for `float4`/`float8`. */
export const number: Decoder<number> = parsed('a number', (value) =>
  value.trim() === '' || Number.isNaN(Number(value)) ? undefined : Number(value),
);
export const bigint: Decoder<bigint> = parsed('a whole number', (value) => (/^-?\d+$/.test(value) ? BigInt(value) : undefined));
export const boolean: Decoder<boolean> = parsed('a boolean', (value) => (value === 't' ? true : value === 'f' ? false : undefined));

export function nullable<T>(decode: Decoder<T>): Decoder<T | null> {
  return (value, where) => (value === null ? null : decode(value, where));
}

/** The oid of `text[]`, which pg's list of type names lacks though its parser knows it. */
const textArrayOid = 1009 as never;
const parseTextArray = pg.types.getTypeParser(textArrayOid, 'text') as (value: string) => readonly (string | null)[];

/** A one-dimensional array; the query casts it to `text[]`. */
export function list<T>(decode: Decoder<T>): Decoder<readonly T[]> {
  return (value, where) => {
    if (value === null) throw unexpected(where, value, 'an array');
    return parseTextArray(value).map((item) => decode(item, where));
  };
}

/** One of a closed set of words. */
export function oneOf<T extends string>(...words: readonly T[]): Decoder<T> {
  return parsed(words.join(' or '), (value) => words.find((word) => word === value));
}

/** JSON built by the query itself; `parse` checks and shapes it. */
export function json<T>(parse: (value: unknown) => T): Decoder<T> {
  return (value, where) => {
    if (value === null) throw unexpected(where, value, 'JSON');
    return parse(JSON.parse(value));
  };
}

/** For `json`: takes what the query beside it has built for what it says. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- says which type the decoder beside the query is believed to be
export function shaped<T>(value: unknown): T {
  return value as T;
}

/** A decoder for a whole row from one per column. */
export function row<T extends object>(columns: { readonly [K in keyof T]: Decoder<T[K]> }): RowDecoder<T> {
  const entries = Object.entries<Decoder<unknown>>(columns);
  return (values, queryName) => {
    const result: Record<string, unknown> = {};
    for (const [name, decode] of entries) result[name] = decode(values[name] ?? null, `${queryName}.${name}`);
    return result as T;
  };
}
