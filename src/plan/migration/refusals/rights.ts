import { quoteIdentifier } from '../../../partition/qualified-name.ts';
import { type Judgement, type MigrationCase, refuse } from '../migration-case.ts';
import type { Refusal } from '../migration-plan.ts';

/** Whether the session's role may do what has to be done. */
export function judgeRights({ definition, circumstances, table }: MigrationCase): Judgement {
  const { role, isOwner, isOwnerSuperuser, mayRead, mayCreateIn } = circumstances;
  const { owner, rowSecurity } = definition.template;
  const refusals: Refusal[] = [];
  const me = quoteIdentifier(role);
  if (!isOwner) {
    // Whoever is a member of a superuser can become one.
    const fix = isOwnerSuperuser
      ? `ALTER TABLE ${table} OWNER TO ${me}; or to another role that ${me} is a member of, for its owner ${quoteIdentifier(owner)} is a superuser`
      : `GRANT ${quoteIdentifier(owner)} TO ${me};`;
    const message = `Role ${me} does not own it, and only an owner makes triggers, renames and drops: ${fix}`;
    refusals.push(refuse(table, message));
  }
  const schema = quoteIdentifier(definition.name.schema);
  if (!mayRead) {
    const message = `Role ${me} may not read it, so its extent is not known yet: GRANT USAGE ON SCHEMA ${schema} TO ${me}; GRANT SELECT ON ${table} TO ${me};`;
    refusals.push(refuse(table, message));
  }
  if (!mayCreateIn) {
    refusals.push(refuse(table, `Role ${me} may not create tables in its schema: GRANT CREATE ON SCHEMA ${schema} TO ${me};`));
  }
  const notes = rowSecurity.forced
    ? [`Row security is forced for the owner too: unless role ${me} has BYPASSRLS, reading fails rather than leaving rows out.`]
    : [];
  return { refusals, notes };
}
