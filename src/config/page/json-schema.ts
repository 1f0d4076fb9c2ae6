import { indexSection } from '../declaration/index-keys.ts';
import type { Declaration, Declarations, Key, Section } from '../declaration/key.ts';
import { windowSection } from '../declaration/maintenance-keys.ts';
import { dailyWindowSection, migrationSection, readSchemasSection } from '../declaration/migration-keys.ts';
import { expectSection, probeSection } from '../declaration/probe-keys.ts';
import { databaseSection, rootSection } from '../declaration/root-keys.ts';
import { retentionSection, tableSection } from '../declaration/table-keys.ts';
import type { JsonSchema, JsonValue } from '../format/format.ts';
import { jsonValue } from './json-value.ts';

/** A value may hold a variable of the environment; what it then is, only the parser can tell. */
const variable: JsonSchema = { type: 'string', pattern: '\\$\\{[A-Za-z_][A-Za-z0-9_]*\\}' };

/**
 * The configuration as JSON Schema draft-07, closed at every level, generated from the declarations that parse it. It has no `$ref`, so
 * that it can be put into another schema as it is. It refuses what a schema can refuse; the rest (zones, name templates, keep against
 * interval, duplicates) needs `partitiond validate`. In one point it is stricter than the parser: a number or boolean as text is only
 * accepted when the text holds a variable.
 */
export function configurationJsonSchema(): JsonSchema {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'partitiond configuration',
    ...sectionSchema(rootSection),
    anyOf: [hasDefaults, wholeTables],
  };
}

/** With defaults a table may leave out what they say; which keys those are, a schema cannot follow. */
const hasDefaults: JsonSchema = { required: ['defaults'], properties: { defaults: { type: 'object', minProperties: 1 } } };

const wholeTables: JsonSchema = {
  properties: {
    databases: {
      items: { properties: { tables: { items: { required: ['interval'], properties: { retention: { required: ['keep', 'action'] } } } } } },
    },
  },
};

/** Rules between the keys of one section. */
function rulesOf(section: Section<Declarations>): JsonSchema {
  switch (section) {
    case rootSection:
      return { required: ['databases'] };
    case databaseSection:
      return {
        required: ['name', 'tables'],
        oneOf: written('url', 'urlFile'),
      };
    case tableSection:
      return { required: ['table'] };
    case retentionSection:
      return {
        not: { required: ['action', 'grace'], properties: { action: { const: 'detach' }, grace: { not: { type: 'null' } } } },
      };
    case windowSection:
      return { required: ['cron', 'for'] };
    case indexSection:
      return { required: ['name'], oneOf: written('columns', 'expression') };
    case probeSection:
      return { required: ['name', 'sql', 'expect'], not: { anyOf: [expectsNothing, timesWithoutRunning] } };
    case migrationSection:
      return { required: ['partitionKey'] };
    case dailyWindowSection:
      return { required: ['from', 'to'] };
    case readSchemasSection:
      return { required: ['old', 'new'] };
    case expectSection:
      return { anyOf: written(...Object.keys(expectSection.keys)) };
    default:
      return {};
  }
}

const expectsNothing: JsonSchema = { required: ['expect'], properties: { expect: { type: 'null' } } };
const timesWithoutRunning: JsonSchema = {
  required: ['expect'],
  properties: {
    expect: { required: ['execution'], properties: { execution: { not: { type: 'null' } } } },
    analyze: { enum: [false, null] },
  },
};

/** For `oneOf` and `anyOf`: each of these as written; null is as good as absent. */
function written(...keys: readonly string[]): readonly JsonSchema[] {
  return keys.map((key) => ({ required: [key], properties: { [key]: { not: { type: 'null' } } } }));
}

function sectionSchema(section: Section<Declarations>): JsonSchema {
  const properties = Object.entries(section.keys).map(([name, declaration]) => [name, declarationSchema(declaration)] as const);
  return {
    description: section.doc,
    type: 'object',
    additionalProperties: false,
    properties: Object.fromEntries(properties),
    ...rulesOf(section),
  };
}

function declarationSchema(declaration: Declaration): JsonSchema {
  switch (declaration.kind) {
    case 'key':
      return keySchema(declaration);
    case 'list': {
      const items = sectionSchema(declaration.items);
      if (declaration.isRequired) return { description: declaration.doc, type: 'array', minItems: 1, items };
      return { description: declaration.doc, anyOf: [{ type: 'array', items }, { type: 'null' }] };
    }
    case 'section': {
      const none: JsonSchema = declaration.readsNull ? { enum: [null, false] } : { type: 'null' };
      const { description, ...closed } = sectionSchema(declaration);
      return { description: description ?? declaration.doc, anyOf: [closed, none] };
    }
  }
}

function keySchema(key: Key<unknown>): JsonSchema {
  const { schema } = key.format;
  const isAnyText = schema['type'] === 'string' && schema['pattern'] === undefined;
  const branches: JsonValue[] = [schema];
  if (!isAnyText && schema['type'] !== 'object') branches.push(variable);
  if (!key.isRequired) branches.push({ type: 'null' });
  const value: JsonSchema = branches.length === 1 ? schema : { anyOf: branches };
  return { description: key.doc, ...(key.default === null ? {} : { default: jsonValue(key.default) }), ...value };
}
