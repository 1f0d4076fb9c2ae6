/** Takes the tables of migrations out of the journal in schema `partitiond`, as one has them not that an older program made. */
export const dropMigrationTables: string = `
DROP TABLE partitiond.migration, partitiond.migration_lease, partitiond.migration_source, partitiond.migration_range,
  partitiond.migration_chunk, partitiond.migration_mismatch;
DROP FUNCTION partitiond.require_migration_epoch`;
