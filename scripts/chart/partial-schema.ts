import type { JsonSchema } from '../../src/config/format/format.ts';

/** `then` counts where `condition` holds, `otherwise` where it does not. From entries: an object with a `then` passes for a promise. */
export function given(condition: JsonSchema, then: JsonSchema, otherwise: JsonSchema = {}): JsonSchema {
  const all: readonly (readonly [string, JsonSchema])[] = [
    ['if', condition],
    ['then', then],
    ['else', otherwise],
  ];
  return Object.fromEntries(all.filter(([, schema]) => Object.keys(schema).length > 0));
}

/**
 * A schema that holds where `path` leads somewhere and `schema` holds there; `?` is at least one item of a list. Written without
 * `properties`, for those are only in closed objects: that is how a reader, and the acceptance check, tells a whole from a part.
 */
export function found(path: string, schema: JsonSchema = {}): JsonSchema {
  return path.split('.').reduceRight<JsonSchema>((inner, step) => {
    if (step === '?') return { type: 'array', contains: inner };
    return { type: 'object', required: [step], patternProperties: { [`^${step}$`]: inner } };
  }, schema);
}

/** A schema that holds where `schema` holds at `path`, or `path` leads nowhere; `*` is every item of a list. */
export function wherever(path: string, schema: JsonSchema): JsonSchema {
  return path.split('.').reduceRight<JsonSchema>((inner, step) => {
    return step === '*' ? { items: inner } : { patternProperties: { [`^${step}$`]: inner } };
  }, schema);
}
