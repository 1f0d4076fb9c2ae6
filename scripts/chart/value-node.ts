import type { JsonSchema } from '../../src/config/format/format.ts';
import { given } from './partial-schema.ts';

/** What values.yaml may hold at one place: a section of named keys, or a value with its schema. */
export type ValueNode = { readonly keys: Readonly<Record<string, ValueNode>> } | { readonly schema: JsonSchema };

/** A closed section. Every key is in values.yaml, so a missing one was set to null, and templates would stumble over that. */
export function section(keys: Readonly<Record<string, ValueNode>>): ValueNode {
  return { keys };
}

export function value(schema: JsonSchema): ValueNode {
  return { schema };
}

export const flag: ValueNode = value({ type: 'boolean' });

export function text(pattern?: string): ValueNode {
  return value({ type: 'string', ...(pattern === undefined ? {} : { pattern }) });
}

/** A text that matches `pattern`; what does not is refused with a sentence, as `refused` does, since nobody reads a pattern in a message. */
export function worded(pattern: string, sentence: string): ValueNode {
  // The sentence itself is no value either: alone it would pass for the wanted constant.
  return value({ type: 'string', ...given({ not: { pattern } }, { const: sentence, not: { const: sentence } }) });
}

export function choice(...words: readonly string[]): ValueNode {
  return value({ enum: words });
}

export function whole(minimum: number, maximum: number): ValueNode {
  return value({ type: 'integer', minimum, maximum });
}

export function listOf(items: JsonSchema, rest: JsonSchema = {}): ValueNode {
  return value({ type: 'array', items, ...rest });
}

/** Labels and annotations; a number or boolean would be refused by Kubernetes, much later. */
export const textMap: ValueNode = value({ type: 'object', additionalProperties: { type: 'string' } });

/** An object of Kubernetes, rendered as given and checked there; here it must have these keys. */
export function kubernetesObject(...required: readonly string[]): JsonSchema {
  return { type: 'object', ...(required.length === 0 ? {} : { required }) };
}

/** A closed object; keys that are not in `required` may be left out. */
export function closed(properties: Readonly<Record<string, JsonSchema>>, required: readonly string[]): JsonSchema {
  return { type: 'object', additionalProperties: false, ...(required.length === 0 ? {} : { required }), properties };
}

/**
 * Refuses what matches `when` with a sentence that completes "value must be ...". JSON Schema has no messages of its own, but Helm prints
 * the wanted constant, and a text that the value cannot be says more than "'not' failed". `when` must not match the sentence.
 */
export function refused(when: JsonSchema, sentence: string): JsonSchema {
  return given(when, { const: sentence });
}
