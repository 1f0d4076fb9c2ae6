import type { JsonSchema } from '../../src/config/format/format.ts';
import { chartValues } from './chart-values.ts';
import { configBranch } from './config-branch.ts';
import { refusalSchemas } from './refusals.ts';
import { section, type ValueNode, value } from './value-node.ts';
import type { ValueComment } from './values-comments.ts';

/** The root of the values: `config` stands among the others, where values.yaml has it. */
export function allValues(): Readonly<Record<string, ValueNode>> {
  const entries = Object.entries(chartValues);
  const before = entries.findIndex(([name]) => name === 'existingConfigMap');
  return Object.fromEntries([...entries.slice(0, before), ['config', value(configBranch())], ...entries.slice(before)]);
}

/** What a chart has that is a part of another one: Helm adds `global`, and `condition: partitiond.enabled` of the parent wants `enabled`. */
const valuesOfParts: Readonly<Record<string, JsonSchema>> = {
  global: { type: 'object' },
  enabled: { type: 'boolean', description: 'For `condition: partitiond.enabled` of a chart that contains this one.' },
};

/** values.schema.json: draft-07, closed at every level, without references. Descriptions are the comments of values.yaml. */
export function valuesSchema(comments: ReadonlyMap<string, ValueComment>): JsonSchema {
  const { properties, ...root } = schemaOf(section(allValues()), '', comments);
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Values of the chart partitiond',
    ...root,
    properties: { ...(properties as JsonSchema), ...valuesOfParts },
    allOf: refusalSchemas,
  };
}

function schemaOf(node: ValueNode, path: string, comments: ReadonlyMap<string, ValueComment>): JsonSchema {
  const description = comments.get(path)?.prose ?? '';
  const described = description === '' ? {} : { description };
  if ('schema' in node) return { ...node.schema, ...described };
  const properties = Object.entries(node.keys).map(([name, inner]): [string, JsonSchema] => {
    return [name, schemaOf(inner, path === '' ? name : `${path}.${name}`, comments)];
  });
  return {
    ...described,
    type: 'object',
    additionalProperties: false,
    // `config: null` takes back what another file of values has given, and is as good as {}.
    required: properties.map(([name]) => name).filter((name) => name !== 'config'),
    properties: Object.fromEntries(properties),
  };
}
