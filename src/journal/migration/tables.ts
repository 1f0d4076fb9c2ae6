import { qualify } from '../qualify.ts';

/**
 * The durable state of online migrations (src/migrate). One row of `migration` each; `lease` is apart from it, as every writing transaction of
 * the engine locks its row and progress must not wait for those. `source` is the file that block ranges are counted in: another filenode
 * makes all of them worthless. `range` holds what was copied, the rest of the file is open. The log of captured positions is a table of
 * its own per migration, `capture_<id>`, made with the triggers that fill it. `brakes` is what holds the copy back just now.
 */
// oxlint-disable-next-line max-lines-per-function -- one migration of the journal is one text
export function migrationTables(schema: string): string {
  const at = (name: string): string => qualify(schema, name);
  const tables = ['migration', 'migration_lease', 'migration_source', 'migration_range', 'migration_chunk', 'migration_mismatch'];
  return `
CREATE TABLE ${at('migration')} (
  id int8 PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  table_schema text NOT NULL,
  table_name text NOT NULL,
  source_oid oid NOT NULL,
  target_oid oid,
  strategy text NOT NULL CHECK (strategy IN ('copy', 'attach')),
  capture text NOT NULL CHECK (capture IN ('log', 'dual')),
  spec json NOT NULL,
  plan_hash text NOT NULL,
  phase text NOT NULL,
  live text NOT NULL DEFAULT 'source' CHECK (live IN ('source', 'target')),
  paused_kind text,
  paused_reason text,
  brakes text[] NOT NULL DEFAULT '{}',
  verdict json,
  last_switch json,
  rows_estimated float8,
  fingerprint text,
  who text NOT NULL,
  started_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  phase_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  progress_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  ready_at timestamptz,
  switched_at timestamptz,
  finished_at timestamptz
);
CREATE UNIQUE INDEX migration_unfinished ON ${at('migration')} (source_oid) WHERE phase NOT IN ('finished', 'aborted');
CREATE TABLE ${at('migration_lease')} (
  migration_id int8 PRIMARY KEY REFERENCES ${at('migration')} ON DELETE CASCADE,
  epoch int8 NOT NULL,
  holder text NOT NULL,
  since timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp()
);
CREATE TABLE ${at('migration_source')} (
  migration_id int8 NOT NULL REFERENCES ${at('migration')} ON DELETE CASCADE,
  oid oid NOT NULL,
  filenode oid NOT NULL,
  blocks int8 NOT NULL,
  PRIMARY KEY (migration_id, oid)
);
CREATE TABLE ${at('migration_range')} (
  migration_id int8 NOT NULL REFERENCES ${at('migration')} ON DELETE CASCADE,
  source_oid oid NOT NULL,
  from_block int8 NOT NULL,
  to_block int8 NOT NULL,
  state text NOT NULL CHECK (state IN ('copied', 'checked')),
  rows int8 NOT NULL,
  copied_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  PRIMARY KEY (migration_id, source_oid, from_block)
);
CREATE TABLE ${at('migration_chunk')} (
  migration_id int8 NOT NULL REFERENCES ${at('migration')} ON DELETE CASCADE,
  ordinal int8 NOT NULL,
  upper text[],
  rows int8 NOT NULL,
  mismatches int8 NOT NULL,
  verified_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  PRIMARY KEY (migration_id, ordinal)
);
CREATE TABLE ${at('migration_mismatch')} (
  migration_id int8 NOT NULL REFERENCES ${at('migration')} ON DELETE CASCADE,
  key text[] NOT NULL,
  kind text NOT NULL CHECK (kind IN ('missing', 'extra', 'different')),
  found_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  PRIMARY KEY (migration_id, key, kind)
);
CREATE FUNCTION ${at('require_migration_epoch')}(migration int8, expected int8) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $function$
BEGIN
  -- The row stays locked until the transaction ends, so nobody takes a migration over while a write of its former engine is open.
  PERFORM 1 FROM ${at('migration_lease')} AS l WHERE l.migration_id = migration AND l.epoch = expected FOR SHARE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'another process has taken over this migration' USING ERRCODE = 'PD301';
  END IF;
END
$function$;
REVOKE ALL ON ${tables.map(at).join(', ')} FROM PUBLIC;
REVOKE ALL ON FUNCTION ${at('require_migration_epoch')}(int8, int8) FROM PUBLIC`;
}
