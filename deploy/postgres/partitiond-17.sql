-- The role of partitiond on PostgreSQL 17 and later; for 14 to 16 take partitiond-14.sql. Plain SQL for any client. Run it once in each
-- managed database, as a superuser. Managed services without one: as the administrator, after CREATE ROLE also GRANT partitiond TO
-- CURRENT_USER.
--
-- Replace these names first:
--   your_database   the database
--   your_owner      the role that owns the partitioned tables and, at best, nothing else: partitiond gets its rights
--   your_schema     the schema of the tables
--   your_archive    the schema of retention.schema; leave its lines out if you have none
--   your_password   a password
-- Several owners or schemas: repeat their lines.

CREATE ROLE partitiond LOGIN INHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 30
  PASSWORD 'your_password';
GRANT CONNECT ON DATABASE your_database TO partitiond;

-- PostgreSQL lets only the owner attach, detach and drop partitions, REINDEX them and make indexes, so partitiond is a member of it. SET,
-- as new partitions are given to the owner, which takes the right to become it; no ADMIN. Who only vacuums needs less: maintenance-17.sql.
GRANT your_owner TO partitiond WITH ADMIN FALSE, INHERIT TRUE, SET TRUE;

-- New partitions are made in the table's schema and given to the table's owner, who needs this for it. partitiond has it as a member.
GRANT USAGE, CREATE ON SCHEMA your_schema TO your_owner;

-- The journal has a schema of its own, made here so that nobody needs CREATE on the database.
CREATE SCHEMA partitiond AUTHORIZATION partitiond;

-- Detached tables are moved there.
CREATE SCHEMA your_archive AUTHORIZATION your_owner;

-- To name who holds a lock, and to see how far standbys are behind (maintenance.maxReplicationLag). It reads statistics, not rows.
GRANT pg_read_all_stats TO partitiond;
