-- A role that only maintains, on PostgreSQL 17 and later: `partitiond apply --only maintenance` VACUUMs and ANALYZEs with it, and it can
-- neither attach, detach, drop nor change a row. Plain SQL for any client, as a superuser. Earlier versions have no MAINTAIN:
-- partitiond-14.sql.
--
-- Replace these names first:
--   your_database   the database
--   your_schema     the schema of the table
--   your_table      the partitioned table; repeat the lines that name it for each further one
--   your_password   a password

CREATE ROLE partitiond_maintenance LOGIN INHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 30
  PASSWORD 'your_password';
GRANT CONNECT ON DATABASE your_database TO partitiond_maintenance;
GRANT USAGE ON SCHEMA your_schema TO partitiond_maintenance;

-- Partitions do not inherit MAINTAIN from their table: those that are there get it here, and those that partitiond makes carry the grants
-- of the table. SELECT, as planning looks for the newest row.
DO $$
DECLARE
  relation regclass;
BEGIN
  FOR relation IN SELECT t.relid FROM pg_partition_tree('your_schema.your_table') AS t LOOP
    EXECUTE format('GRANT SELECT, MAINTAIN ON TABLE %s TO partitiond_maintenance', relation);
  END LOOP;
END
$$;

-- A journal of its own (`schema: partitiond_maintenance` in the configuration), beside that of the role which makes the partitions.
CREATE SCHEMA partitiond_maintenance AUTHORIZATION partitiond_maintenance;

GRANT pg_read_all_stats TO partitiond_maintenance;
