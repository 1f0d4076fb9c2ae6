import type { JsonSchema, JsonValue } from '../../../src/config/format/format.ts';

type Rule = (schema: JsonValue, value: JsonValue, parent: JsonSchema) => boolean;

/** Just enough of JSON Schema draft-07 for the schema that partitiond prints; a keyword that is not listed here throws. */
const rules: Readonly<Record<string, Rule>> = {
  $schema: () => true,
  title: () => true,
  description: () => true,
  default: () => true,
  type: (type, value) => list(type).some((name) => isOfType(word(name), value)),
  enum: (words, value) => list(words).includes(value),
  const: (only, value) => only === value,
  pattern: (pattern, value) => typeof value !== 'string' || new RegExp(word(pattern), 'u').test(value),
  minLength: (least, value) => typeof value !== 'string' || value.length >= Number(least),
  maxLength: (most, value) => typeof value !== 'string' || value.length <= Number(most),
  minimum: (least, value) => typeof value !== 'number' || value >= Number(least),
  maximum: (most, value) => typeof value !== 'number' || value <= Number(most),
  minItems: (least, value) => !isList(value) || value.length >= Number(least),
  minProperties: (least, value) => !isMap(value) || Object.keys(value).length >= Number(least),
  required: (names, value) => !isMap(value) || list(names).every((name) => Object.hasOwn(value, word(name))),
  properties: (properties, value) =>
    !isMap(value) ||
    Object.entries(map(properties)).every(([name, schema]) => {
      const inner = Object.hasOwn(value, name) ? value[name] : undefined;
      return inner === undefined || accepts(schema, inner);
    }),
  additionalProperties: (schema, value, parent) => {
    const known = Object.keys(map(parent['properties'] ?? {}));
    return (
      !isMap(value) || Object.entries(value).every(([name, inner]) => known.includes(name) || (schema !== false && accepts(schema, inner)))
    );
  },
  items: (schema, value) => !isList(value) || value.every((item) => accepts(schema, item)),
  anyOf: (schemas, value) => list(schemas).some((schema) => accepts(schema, value)),
  oneOf: (schemas, value) => list(schemas).filter((schema) => accepts(schema, value)).length === 1,
  not: (schema, value) => !accepts(schema, value),
};

/** Whether a schema accepts a value. */
export function accepts(schema: JsonValue, value: JsonValue): boolean {
  if (typeof schema === 'boolean') return schema;
  return Object.entries(map(schema)).every(([keyword, argument]) => {
    const rule = rules[keyword];
    if (rule === undefined) throw new Error(`mini-json-schema.ts does not know the keyword ${keyword}`);
    return rule(argument, value, map(schema));
  });
}

function isOfType(name: string, value: JsonValue): boolean {
  switch (name) {
    case 'null':
      return value === null;
    case 'array':
      return isList(value);
    case 'object':
      return isMap(value);
    case 'integer':
      return Number.isInteger(value);
    default:
      return typeof value === name;
  }
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function isMap(value: JsonValue): value is JsonSchema {
  return typeof value === 'object' && value !== null && !isList(value);
}

function list(value: JsonValue): readonly JsonValue[] {
  return isList(value) ? value : [value];
}

function map(value: JsonValue): JsonSchema {
  if (!isMap(value)) throw new Error(`${JSON.stringify(value)} is no schema`);
  return value;
}

function word(value: JsonValue): string {
  if (typeof value !== 'string') throw new Error(`${JSON.stringify(value)} is no text`);
  return value;
}
