import type { TestDatabase } from './database.ts';
import type { Reader } from './reader.ts';

/** One object that a committed statement of DDL made, changed or dropped, the journal's own left out. */
export interface AuditedDdl {
  /** Ascends with time: a later statement of another session never has a smaller one once both saw the same leadership row. */
  readonly n: string;
  /** `session_user`: give each process a role of its own, and it says which of them did it. */
  readonly role: string;
  readonly pid: number;
  readonly application: string;
  readonly tag: string;
  readonly object: string;
  readonly isDrop: boolean;
  /** The epoch that the very message of the statement demanded; null for a statement that stands alone in its message. */
  readonly claimed: string | null;
  /** The journal's epoch and holder when the statement was executed. */
  readonly epoch: string | null;
  readonly holder: string | null;
  [column: string]: unknown;
}

const auditSql = /* sql */ `
CREATE SCHEMA audit;
CREATE TABLE audit.ddl (
  n int8 PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  role text NOT NULL DEFAULT session_user,
  pid int4 NOT NULL DEFAULT pg_backend_pid(),
  application text NOT NULL DEFAULT current_setting('application_name'),
  tag text NOT NULL,
  object text NOT NULL,
  is_drop bool NOT NULL,
  claimed int8 DEFAULT (regexp_match(current_query(), 'require_epoch"?\\((\\d+)\\)'))[1]::int8,
  epoch int8,
  holder text
);
CREATE FUNCTION audit.note(noted_tag text, noted_object text, noted_drop bool) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE now_epoch int8; now_holder text;
BEGIN
  -- A GRANT names no object.
  IF noted_object IS NULL OR noted_object LIKE 'partitiond%' THEN RETURN; END IF;
  IF to_regclass('partitiond.leadership') IS NOT NULL THEN
    SELECT l.epoch, l.holder INTO now_epoch, now_holder FROM partitiond.leadership AS l;
  END IF;
  INSERT INTO audit.ddl (tag, object, is_drop, epoch, holder) VALUES (noted_tag, noted_object, noted_drop, now_epoch, now_holder);
END $$;
CREATE FUNCTION audit.note_commands() RETURNS event_trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM audit.note(c.command_tag, c.object_identity, false) FROM pg_event_trigger_ddl_commands() AS c;
END $$;
CREATE FUNCTION audit.note_drops() RETURNS event_trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM audit.note(tg_tag, d.object_identity, true) FROM pg_event_trigger_dropped_objects() AS d WHERE d.original;
END $$;
CREATE EVENT TRIGGER audit_commands ON ddl_command_end EXECUTE FUNCTION audit.note_commands();
CREATE EVENT TRIGGER audit_drops ON sql_drop EXECUTE FUNCTION audit.note_drops()`;

/** From now on every DDL that commits in the database is noted there, with who executed it and under which epoch. */
export async function startDdlAudit(database: TestDatabase): Promise<void> {
  await database.query(auditSql);
}

/** Everything noted so far but what superuser `postgres` (the test itself) did, in the order of execution. */
export async function readDdlAudit(database: Reader): Promise<readonly AuditedDdl[]> {
  return await database.query<AuditedDdl>(/* sql */ `
    SELECT n, role, pid, application, tag, object, is_drop AS "isDrop", claimed, epoch, holder
    FROM audit.ddl WHERE role <> 'postgres' ORDER BY n`);
}
