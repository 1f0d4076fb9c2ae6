import { migrationTables } from './migration/tables.ts';
import { qualify } from './qualify.ts';

/**
 * The journal's tables as a list of forward steps; entry N makes version N + 1 out of version N. Never edit a released entry, append one.
 * `oldestReader` is the oldest program version (number of entries it knows) that still reads the result correctly: a rolling upgrade runs
 * two versions side by side, so an entry may only add what the previous version does not have to know, and sets at most its own number - 1.
 */
export interface Migration {
  readonly oldestReader: number;
  sql(schema: string): string;
}

export const migrations: readonly Migration[] = [
  { oldestReader: 1, sql: createTables },
  { oldestReader: 1, sql: addGenerations },
  { oldestReader: 1, sql: addRunTables },
  { oldestReader: 1, sql: addRowCounts },
  { oldestReader: 1, sql: addRunKnowledge },
  { oldestReader: 1, sql: addUpkeepMarks },
  { oldestReader: 1, sql: addProbeResults },
  { oldestReader: 1, sql: migrationTables },
];

/**
 * Text columns hold names as the catalog has them (schema and name apart), so renames and odd names need no quoting rules. Bounds are
 * literals as the key codec formats them, null = MINVALUE / MAXVALUE. PUBLIC gets nothing, whatever ALTER DEFAULT PRIVILEGES says; only our own
 * objects are touched, for the schema may be one that the user shares with us.
 */
// oxlint-disable-next-line max-lines-per-function -- one migration is one text
function createTables(schema: string): string {
  const at = (name: string): string => qualify(schema, name);
  const tables = ['version', 'operation', 'detached_partition', 'run', 'leadership', 'hold', 'pause'];
  return `
CREATE TABLE ${at('version')} (
  version int4 PRIMARY KEY,
  oldest_reader int4 NOT NULL,
  installed_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  installed_by text NOT NULL DEFAULT CURRENT_USER
);
CREATE TABLE ${at('operation')} (
  id uuid PRIMARY KEY,
  run_id uuid NOT NULL,
  task text NOT NULL,
  kind text NOT NULL,
  table_schema text NOT NULL,
  table_name text NOT NULL,
  partition_schema text NOT NULL,
  partition_name text NOT NULL,
  range_from text,
  range_to text,
  reason text NOT NULL,
  sql text[] NOT NULL,
  who text NOT NULL,
  started_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  finished_at timestamptz,
  outcome text CHECK (outcome IN ('ok', 'failed', 'refused', 'skipped', 'interrupted')),
  error text,
  duration_ms float8,
  lock_wait_ms float8,
  lock_timeouts int4
);
CREATE INDEX operation_started_at ON ${at('operation')} (started_at);
CREATE INDEX operation_unfinished ON ${at('operation')} (run_id) WHERE outcome IS NULL;
CREATE TABLE ${at('detached_partition')} (
  oid oid PRIMARY KEY,
  parent_oid oid NOT NULL,
  parent_schema text NOT NULL,
  parent_name text NOT NULL,
  schema_name text NOT NULL,
  name text NOT NULL,
  range_from text,
  range_to text,
  state text NOT NULL CHECK (state IN ('detaching', 'detached')),
  detached_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  drop_after timestamptz,
  run_id uuid NOT NULL
);
CREATE TABLE ${at('run')} (
  id uuid PRIMARY KEY,
  tasks text[] NOT NULL,
  who text NOT NULL,
  started_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  finished_at timestamptz,
  outcome text CHECK (outcome IN ('ok', 'failed', 'aborted', 'interrupted'))
);
CREATE INDEX run_started_at ON ${at('run')} (started_at);
CREATE TABLE ${at('leadership')} (
  only_row bool PRIMARY KEY DEFAULT true CHECK (only_row),
  epoch int8 NOT NULL,
  holder text NOT NULL,
  configuration_generation text NOT NULL,
  since timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp()
);
CREATE TABLE ${at('hold')} (
  id int8 PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  table_schema text NOT NULL,
  table_name text NOT NULL,
  range_from text,
  range_to text,
  reason text NOT NULL,
  who text NOT NULL,
  held_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp()
);
CREATE TABLE ${at('pause')} (
  only_row bool PRIMARY KEY DEFAULT true CHECK (only_row),
  reason text NOT NULL,
  who text NOT NULL,
  paused_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp()
);
CREATE FUNCTION ${at('require_epoch')}(expected int8) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $function$
BEGIN
  -- The row stays locked until the transaction ends, so a new leader cannot be made while a write of the old one is open.
  PERFORM 1 FROM ${at('leadership')} AS l WHERE l.epoch = expected FOR SHARE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'leadership epoch % is over, another instance leads', expected USING ERRCODE = 'PD301';
  END IF;
END
$function$;
REVOKE ALL ON ${tables.map(at).join(', ')} FROM PUBLIC;
REVOKE ALL ON FUNCTION ${at('require_epoch')}(int8) FROM PUBLIC`;
}

/**
 * `policy_hash` is what the leader runs, `generation` counts how often that changed, `hash_seen_at` is when the hash was first led with; all
 * of them unknown until a daemon of this version leads. `follower_slot` is a table of its own, as an UPDATE of the leadership row would wait
 * for every transaction that is past its guard.
 */
function addGenerations(schema: string): string {
  const slot = qualify(schema, 'follower_slot');
  return `
ALTER TABLE ${qualify(schema, 'leadership')}
  ADD COLUMN policy_hash text,
  ADD COLUMN generation int8 NOT NULL DEFAULT 0,
  ADD COLUMN hash_seen_at timestamptz;
CREATE TABLE ${slot} (
  only_row bool PRIMARY KEY DEFAULT true CHECK (only_row),
  next_at timestamptz NOT NULL
);
REVOKE ALL ON ${slot} FROM PUBLIC`;
}

/**
 * Which tables a run was about (null: all that were configured) and which of them failed, as SQL writes their names; an older program leaves
 * both null.
 */
function addRunTables(schema: string): string {
  return `ALTER TABLE ${qualify(schema, 'run')} ADD COLUMN tables text[], ADD COLUMN failed text[]`;
}

/** Rows counted in closed partitions; `evidence` is what the statistics system said when the count began, and compared as it is. */
function addRowCounts(schema: string): string {
  const counts = qualify(schema, 'row_count');
  return `
CREATE TABLE ${counts} (
  oid oid PRIMARY KEY,
  rows int8 NOT NULL,
  evidence text NOT NULL,
  counted_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp()
);
REVOKE ALL ON ${counts} FROM PUBLIC`;
}

/** All tables that were configured for a run (see `addRunTables`), so that one which came later has no part in it; null: unknown. */
function addRunKnowledge(schema: string): string {
  return `ALTER TABLE ${qualify(schema, 'run')} ADD COLUMN configured text[]`;
}

/**
 * Partitions that were frozen for having closed, and indexes that were begun or made (see upkeep-marks.ts); oids say which relation, so
 * that a rename changes nothing. Names of indexes are those they were given: what is meant is an index of that name on that relation.
 */
function addUpkeepMarks(schema: string): string {
  const frozen = qualify(schema, 'frozen_partition');
  const marks = qualify(schema, 'index_mark');
  return `
CREATE TABLE ${frozen} (
  oid oid PRIMARY KEY,
  filenode oid NOT NULL,
  changes int8 NOT NULL,
  frozen_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp()
);
CREATE TABLE ${marks} (
  relation_oid oid NOT NULL,
  table_oid oid NOT NULL,
  index_schema text NOT NULL,
  index_name text NOT NULL,
  policy_name text,
  definition text,
  state text NOT NULL CHECK (state IN ('building', 'built', 'reindexing', 'failed')),
  rebuilt_bytes int8,
  rebuilt_rows float8,
  marked_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  PRIMARY KEY (relation_oid, index_schema, index_name)
);
REVOKE ALL ON ${frozen}, ${marks} FROM PUBLIC`;
}

/**
 * The last run of each probe (see probe-records.ts), by the names that the configuration gives: a table that is made anew under its name
 * has the same probes. `last_miss_report` is what `partitiond probe` printed of the last run that was not met.
 */
function addProbeResults(schema: string): string {
  const results = qualify(schema, 'probe_result');
  return `
CREATE TABLE ${results} (
  table_schema text NOT NULL,
  table_name text NOT NULL,
  probe text NOT NULL,
  ran_at timestamptz NOT NULL,
  outcome text NOT NULL CHECK (outcome IN ('met', 'missed', 'failed')),
  scanned int8,
  total int8,
  allowed int8,
  planning_ms float8,
  execution_ms float8,
  problems text[] NOT NULL,
  last_miss_at timestamptz,
  last_miss_report text,
  PRIMARY KEY (table_schema, table_name, probe)
);
REVOKE ALL ON ${results} FROM PUBLIC`;
}
