import { quoteLiteral } from '../../../partition/literal.ts';
import type { QualifiedName } from '../../../partition/qualified-name.ts';
import { formatQualifiedName, quoteIdentifier } from '../../../partition/qualified-name.ts';
import { quoteBody } from '../../quote.ts';

/** Name of the trigger that refuses writes to the follower; on partitioned table and partitions alike. */
export function guardTriggerName(id: string): string {
  return `partitiond_guard_${id}_write`;
}

export function guardFunctionName(journalSchema: string, id: string): QualifiedName {
  return { schema: journalSchema, name: `guard_${id}` };
}

/**
 * The function behind the guards of one migration. It knows the engine by its setting, which anybody could set as well: it is there against
 * mistakes, not against enemies. `table` is the name of the live side, before and after the switch. `passes`: what else it lets by; the statements of
 * triggers are those of foreign keys that a follower has for a while.
 */
export function renderGuardFunction(
  journalSchema: string,
  id: string,
  table: QualifiedName,
  passes: 'nothing' | 'triggers' = 'nothing',
): string {
  const live = formatQualifiedName(table);
  const body = `
BEGIN
  IF pg_catalog.current_setting('partitiond.migration', true) IS DISTINCT FROM ${quoteLiteral(id)}${passes === 'nothing' ? '' : ' AND pg_catalog.pg_trigger_depth() < 2'} THEN
    RAISE EXCEPTION USING
      ERRCODE = 'object_not_in_prerequisite_state',
      MESSAGE = pg_catalog.format('%I.%I follows %s in a migration by partitiond and takes no writes of others', TG_TABLE_SCHEMA, TG_TABLE_NAME, ${quoteLiteral(live)}),
      HINT = ${quoteLiteral(`Write to ${live}; "partitiond migrate status --table ${live}" tells how far the migration is, and "partitiond migrate abort --table ${live}" ends it.`)};
  END IF;
  RETURN NULL;
END
`;
  return (
    `CREATE OR REPLACE FUNCTION ${formatQualifiedName(guardFunctionName(journalSchema, id))}() RETURNS trigger ` +
    `LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS ${quoteBody(body)}`
  );
}

/**
 * A statement trigger fires for the table that the statement names, so parent and partitions have one each. ALWAYS: a session with
 * `session_replication_role = replica` makes the same mistakes.
 */
export function renderGuard(journalSchema: string, id: string, table: QualifiedName): readonly string[] {
  const trigger = quoteIdentifier(guardTriggerName(id));
  const relation = formatQualifiedName(table);
  return [
    `CREATE TRIGGER ${trigger} BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON ${relation} ` +
      `FOR EACH STATEMENT EXECUTE FUNCTION ${formatQualifiedName(guardFunctionName(journalSchema, id))}()`,
    `ALTER TABLE ${relation} ENABLE ALWAYS TRIGGER ${trigger}`,
  ];
}
