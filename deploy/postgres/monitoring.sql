-- A role that only looks, on PostgreSQL 14 and later: plan, check, status, probe, statements and advise work with it, nothing else does.
-- Plain SQL for any client, as a superuser, after partitiond-14.sql or partitiond-17.sql. `check` also names what this role may not do, as
-- findings.
--
-- Replace these names first:
--   your_database   the database
--   your_schema     the schema of the table
--   your_table      the partitioned table; repeat the lines that name it for each further one
--   your_password   a password

CREATE ROLE partitiond_monitor LOGIN INHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 5
  PASSWORD 'your_password';
-- A second line of defence; the grants below are the first.
ALTER ROLE partitiond_monitor SET default_transaction_read_only = on;
GRANT CONNECT ON DATABASE your_database TO partitiond_monitor;
GRANT USAGE ON SCHEMA your_schema TO partitiond_monitor;

-- The newest row is looked for in the table, and ranges that hold rows in the default partition. Partitions that partitiond makes carry the
-- grants of the table.
DO $$
DECLARE
  relation regclass;
BEGIN
  FOR relation IN SELECT t.relid FROM pg_partition_tree('your_schema.your_table') AS t LOOP
    EXECUTE format('GRANT SELECT ON TABLE %s TO partitiond_monitor', relation);
  END LOOP;
END
$$;

-- What partitiond remembers, also in tables of the journal that a later version makes.
GRANT USAGE ON SCHEMA partitiond TO partitiond_monitor;
GRANT SELECT ON ALL TABLES IN SCHEMA partitiond TO partitiond_monitor;
ALTER DEFAULT PRIVILEGES FOR ROLE partitiond IN SCHEMA partitiond GRANT SELECT ON TABLES TO partitiond_monitor;

-- Statements and sessions of others, without their rows.
GRANT pg_read_all_stats TO partitiond_monitor;
