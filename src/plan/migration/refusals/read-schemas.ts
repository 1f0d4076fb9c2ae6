import { formatQualifiedName, quoteIdentifier } from '../../../partition/qualified-name.ts';
import { type Judgement, type MigrationCase, refuse } from '../migration-case.ts';
import type { Refusal } from '../migration-plan.ts';

/** From this version on a view can read with its reader's rights, which row security wants. */
const invokerViewSince = 150_000;

/** Whether the views of `migration.readSchemas` can be made: their names free, their schemas ours to write, their rows as guarded as the table's. */
export function judgeReadSchemas({ policy, definition, circumstances, table }: MigrationCase): Judgement {
  if (policy.migration.readSchemas === null) return { refusals: [], notes: [] };
  const { role, readSchemas, serverVersion } = circumstances;
  const refusals: Refusal[] = [];
  for (const { schema, exists, mayCreate, isTaken } of readSchemas) {
    const view = formatQualifiedName({ schema, name: definition.name.name });
    const [me, there] = [quoteIdentifier(role), quoteIdentifier(schema)];
    if (isTaken) {
      refusals.push(
        refuse(view, `The name ${view} is taken, where migration.readSchemas wants a view: rename what has it, or name another schema.`),
      );
    }
    if (!mayCreate && exists) {
      refusals.push(
        refuse(view, `Role ${me} may not make the view ${view} of migration.readSchemas: GRANT CREATE ON SCHEMA ${there} TO ${me};`),
      );
    } else if (!mayCreate) {
      refusals.push(
        refuse(view, `Role ${me} may not make schema ${there} of migration.readSchemas: CREATE SCHEMA ${there} AUTHORIZATION ${me};`),
      );
    }
  }
  if (serverVersion < invokerViewSince && definition.template.rowSecurity.enabled) {
    const message = 'It has row security, which a view cannot keep before PostgreSQL 15: leave migration.readSchemas out.';
    refusals.push(refuse(table, message));
  }
  return { refusals, notes: [] };
}
