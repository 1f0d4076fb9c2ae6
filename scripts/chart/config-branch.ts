import type { JsonSchema, JsonValue } from '../../src/config/format/format.ts';
import { configurationJsonSchema } from '../../src/config/page/json-schema.ts';
import { passwordPattern } from './chart-values.ts';
import { legible } from './legible-schema.ts';
import { found, given, wherever } from './partial-schema.ts';
import { refused } from './value-node.ts';

/**
 * The schema of `partitiond validate --schema` as the branch `config` of the values: it says the same, arranged so that Helm's messages
 * point at the one key that is wrong. Stricter in what a chart must know before pods are changed: each retention has its action, also
 * where there are `defaults`, and no `url` holds a password, since a ConfigMap is no place for it. `{}` is allowed: then
 * another ConfigMap is the configuration.
 */
export function configBranch(): JsonSchema {
  const { $schema: _dialect, title: _title, required: _databases, anyOf: _wholeOrDefaults, ...root } = configurationJsonSchema();
  return {
    ...refusePasswords(legible(root)),
    ...given(found('defaults', { type: 'object', minProperties: 1 }), actionsWithDefaults, wholeTables),
  };
}

const wholeTables: JsonSchema = wherever('databases.*.tables.*', {
  required: ['interval'],
  ...wherever('retention', { required: ['keep', 'action'] }),
});

const ownActions: JsonSchema = wherever('databases.*.tables.*.retention', { required: ['action'] });

/** What the defaults of a retention leave open, each table must say; where not all do, the defaults must. */
const actionsWithDefaults: JsonSchema = given(
  found('defaults.retention', { type: 'object' }),
  given(
    wherever('databases.*.tables.*', { required: ['retention'], ...wherever('retention', { required: ['action'] }) }),
    {},
    wherever('defaults.retention', { required: ['action'] }),
  ),
  ownActions,
);

function refusePasswords(schema: JsonSchema): JsonSchema {
  const sentence = 'without a password: keep the whole URL in a secret (databaseSecrets) and name its file by urlFile';
  return withSchemaAt(schema, ['properties', 'databases', 'items', 'properties', 'url'], (url) => ({
    ...url,
    ...refused({ type: 'string', pattern: passwordPattern }, sentence),
  }));
}

function withSchemaAt(schema: JsonSchema, path: readonly string[], change: (schema: JsonSchema) => JsonSchema): JsonSchema {
  const [step, ...rest] = path;
  if (step === undefined) return change(schema);
  const inner: JsonValue | undefined = schema[step];
  if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) throw new Error(`the schema of config has no ${step}`);
  return { ...schema, [step]: withSchemaAt(inner as JsonSchema, rest, change) };
}
