import type { JsonSchema, JsonValue } from '../../src/config/format/format.ts';
import { given } from './partial-schema.ts';

/**
 * The same schema without `anyOf` around what is usual, so that a validator names the one thing that is wrong instead of all branches:
 * "object or null" becomes a type, "this or a variable" an `if`. Parts of objects are told by `patternProperties`, wholes by `properties`.
 */
export function legible(schema: JsonSchema): JsonSchema {
  const { anyOf, ...rest } = mapSchemas(partsAsPatterns(schema));
  if (!isList(anyOf)) return rest;
  const branches = anyOf.filter(isSchema);
  const [first, ...others] = branches;
  if (first === undefined) return rest;
  const none = others.at(-1);
  const isVariable = others.some((branch) => branch['type'] === 'string' && branch['pattern'] === variablePattern);
  const isNullable = none?.['type'] === 'null';
  if (others.length === Number(isVariable) + Number(isNullable)) {
    const value = isNullable ? orNull(first) : first;
    return isVariable ? { ...rest, ...given({ type: 'string', pattern: variablePattern }, {}, value) } : { ...rest, ...value };
  }
  if (others.length === 1 && JSON.stringify(none) === '{"enum":[null,false]}') return { ...rest, ...orNone(first) };
  return { ...rest, anyOf };
}

const variablePattern = '\\$\\{[A-Za-z_][A-Za-z0-9_]*\\}';

/** Keywords that judge values of any type: null must not meet them. */
const judges = ['not', 'oneOf', 'anyOf', 'allOf', 'if', 'then', 'else'];

function orNull(schema: JsonSchema): JsonSchema {
  if (isList(schema['enum'])) return { ...schema, enum: [...schema['enum'], null] };
  if (typeof schema['type'] === 'string' && !judges.some((word) => word in schema)) return { ...schema, type: [schema['type'], 'null'] };
  if (isList(schema['type']) && !judges.some((word) => word in schema)) return { ...schema, type: [...schema['type'], 'null'] };
  if (typeof schema['type'] === 'string') return typed(schema, schema['type'], ['null']);
  if (isList(schema['anyOf'])) return { ...schema, anyOf: [...schema['anyOf'], { type: 'null' }] };
  return { anyOf: [schema, { type: 'null' }] };
}

/** As `orNull`, and false means the same. */
function orNone(schema: JsonSchema): JsonSchema {
  const { type } = schema;
  if (typeof type !== 'string') return { anyOf: [schema, { enum: [null, false] }] };
  return typed(schema, type, ['null', 'boolean'], { enum: [null, false] });
}

function typed(schema: JsonSchema, type: string, others: readonly string[], otherwise: JsonSchema = {}): JsonSchema {
  const entries = Object.entries(schema);
  const judging = entries.filter(([word]) => judges.includes(word));
  const plain = entries.filter(([word]) => !judges.includes(word));
  return { ...Object.fromEntries(plain), type: [type, ...others], ...given({ type }, Object.fromEntries(judging), otherwise) };
}

function partsAsPatterns(schema: JsonSchema): JsonSchema {
  const { properties, ...rest } = schema;
  if (!isSchema(properties) || 'additionalProperties' in schema) return schema;
  return { ...rest, patternProperties: Object.fromEntries(Object.entries(properties).map(([key, inner]) => [`^${key}$`, inner])) };
}

/** Applies `legible` wherever a keyword holds schemas, and nowhere else: a key of the configuration may be called `items`. */
function mapSchemas(schema: JsonSchema): JsonSchema {
  return Object.fromEntries(
    Object.entries(schema).map(([word, inner]): [string, JsonValue] => {
      if (['properties', 'patternProperties'].includes(word) && isSchema(inner)) {
        return [word, Object.fromEntries(Object.entries(inner).map(([key, one]) => [key, isSchema(one) ? legible(one) : one]))];
      }
      if (['items', 'not', 'if', 'then', 'else', 'additionalProperties', 'contains'].includes(word) && isSchema(inner))
        return [word, legible(inner)];
      if (['anyOf', 'oneOf', 'allOf'].includes(word) && isList(inner))
        return [word, inner.map((one) => (isSchema(one) ? legible(one) : one))];
      return [word, inner];
    }),
  );
}

function isSchema(value: JsonValue | undefined): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isList(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}
