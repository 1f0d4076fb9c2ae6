import { decodeReadSchema, type ReadSchemaState, readSchemasSql } from '../../catalog/migration/read-schemas.sql.ts';
import {
  invokerViewSince,
  readSchemaTag,
  renderDropReadSchema,
  renderDropReadView,
  renderReadSchema,
  renderReadView,
} from '../../ddl/migration/switch/read-schema.ts';
import { MigrationError } from '../../errors.ts';
import { sidesOf } from '../../partition/migration/spec.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import type { Engine } from '../engine.ts';
import { brief } from '../transactions.ts';

/** The schemas of `migration.readSchemas`, old before new; none when they are not asked for. */
export function readSchemaNames({ policy }: Pick<Engine, 'policy'>): readonly string[] {
  const { readSchemas } = policy.migration;
  return readSchemas === null ? [] : [readSchemas.old, readSchemas.new];
}

/**
 * At `ready`: the schemas and their views over the old and the new table. Makes what is missing. Throws `MigrationError` PD647 where a view could not
 * keep row security.
 */
export async function ensureReadSchemas(engine: Engine, signal: AbortSignal): Promise<void> {
  const { spec, surroundings, record } = engine;
  const states = await readStates(engine, signal);
  const { live, follower } = sidesOf(spec, record.live);
  const [source, target] = live.is === 'source' ? [live, follower] : [follower, live];
  for (const [index, schema] of readSchemaNames(engine).entries()) {
    const state = states.find((one) => one.schema === schema);
    if (state?.hasView === true) continue;
    if (surroundings.serverVersion < invokerViewSince && spec.definition.template.rowSecurity.enabled) {
      const table = formatQualifiedName(spec.table);
      throw new MigrationError(
        'PD647',
        `${table} has row security, which a view cannot keep before PostgreSQL 15: leave migration.readSchemas out.`,
      );
    }
    const relation = index === 0 ? source.name : target.name;
    const statements = [...(state === undefined ? renderReadSchema(schema) : []), ...renderReadView(spec, schema, relation)];
    await brief(engine, `make a view in schema ${schema}`, statements, [], signal);
  }
}

/** At finish and abort. A schema that others use by now, or that was there before, stays. */
export async function dropReadSchemas(engine: Engine, signal: AbortSignal): Promise<void> {
  for (const { schema, hasView, objects, comment } of await readStates(engine, signal)) {
    const isLast = comment === readSchemaTag() && objects === (hasView ? 1 : 0);
    const statements = [...(hasView ? [renderDropReadView(engine.spec, schema)] : []), ...(isLast ? [renderDropReadSchema(schema)] : [])];
    if (statements.length > 0) await brief(engine, `drop the view in schema ${schema}`, statements, [], signal);
  }
}

async function readStates(engine: Engine, signal: AbortSignal): Promise<readonly ReadSchemaState[]> {
  const names = readSchemaNames(engine);
  if (names.length === 0) return [];
  return await engine.session.rows(readSchemasSql, [names, engine.spec.table.name, readSchemaTag()], decodeReadSchema, signal);
}
