import { formatQualifiedName, type QualifiedName, quoteIdentifier } from '../../../../partition/qualified-name.ts';
import { quoteBody } from '../../../quote.ts';
import { captureTriggerPrefix } from '../../capture/capture-triggers.ts';

/**
 * A transaction at REPEATABLE READ or above that took its snapshot before the switch does not see what the switch brought over from the log: its
 * UPDATE or DELETE of such a row would find nothing, and nobody would hear of it. So it fails as PostgreSQL fails it when a row has changed
 * since its snapshot, with 40001, and the application does it again. Those that idle are waited for; one that waits for our own lock cannot be
 * told from READ COMMITTED, hence this trigger. Statements that name a partition do not pass it. Made anew at each switch, with its number.
 * Source: postgresql.org/docs/18/transaction-iso.html (applications must be prepared to retry); mvcc-caveats.html (TRUNCATE, the like).
 */
export function renderOldSnapshots(id: string, table: QualifiedName, journalSchema: string): readonly string[] {
  const name = `${captureTriggerPrefix(id)}snapshot`;
  const execute = formatQualifiedName({ schema: journalSchema, name: `capture_${id}_snapshot` });
  const on = formatQualifiedName(table);
  const body = (xid: string): string => `
BEGIN
  IF pg_catalog.current_setting('transaction_isolation') <> 'read committed'
    AND NOT pg_catalog.pg_visible_in_snapshot(${xid}::pg_catalog.text::pg_catalog.xid8, pg_catalog.pg_current_snapshot()) THEN
    RAISE EXCEPTION USING
      ERRCODE = 'serialization_failure',
      MESSAGE = 'could not serialize access: a migration by partitiond has switched the table since this transaction began',
      HINT = 'The transaction might succeed if retried.';
  END IF;
  RETURN NULL;
END
`;
  const create = `CREATE OR REPLACE FUNCTION ${execute}() RETURNS pg_catalog.trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS %L`;
  const make = `
BEGIN
  EXECUTE pg_catalog.format(${quoteBody(create)}, pg_catalog.replace(${quoteBody(body("'{xid}'"))}, '{xid}', pg_catalog.pg_current_xact_id()::pg_catalog.text));
END
`;
  const trigger = quoteIdentifier(name);
  return [
    `DO ${quoteBody(make)}`,
    `REVOKE ALL ON FUNCTION ${execute}() FROM PUBLIC`,
    `CREATE OR REPLACE TRIGGER ${trigger} BEFORE UPDATE OR DELETE ON ${on} FOR EACH STATEMENT EXECUTE FUNCTION ${execute}()`,
    `ALTER TABLE ONLY ${on} ENABLE ALWAYS TRIGGER ${trigger}`,
  ];
}
