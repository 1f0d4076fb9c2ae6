import type { IndexDefinition } from '../../../partition/migration/definition.ts';
import { formatQualifiedName, type QualifiedName, quoteIdentifier } from '../../../partition/qualified-name.ts';

/** Which index of a relation logical replication identifies rows by. */
export function renderReplicaIndex(relation: QualifiedName, index: string): string {
  return `ALTER TABLE ${formatQualifiedName(relation)} REPLICA IDENTITY USING INDEX ${quoteIdentifier(index)}`;
}

/** What CLUSTER follows; PostgreSQL wants it on partitions. */
export function renderClusterOn(partition: QualifiedName, index: string): string {
  return `ALTER TABLE ${formatQualifiedName(partition)} CLUSTER ON ${quoteIdentifier(index)}`;
}

/** Targets of an index's expressions, by their place. */
export function renderIndexStatistics(index: QualifiedName, { statisticsTargets }: IndexDefinition): readonly string[] {
  return statisticsTargets.map(
    ({ column, target }) => `ALTER INDEX ${formatQualifiedName(index)} ALTER COLUMN ${column} SET STATISTICS ${target}`,
  );
}

/** Gives autovacuum back what `storage` says of it, or the server's default. ShareUpdateExclusiveLock. */
export function renderAutovacuum(partition: QualifiedName, storage: Readonly<Record<string, string>>): string {
  const table = formatQualifiedName(partition);
  const names = ['autovacuum_enabled', 'toast.autovacuum_enabled'];
  const set = names.flatMap((name) => (storage[name] === undefined ? [] : [`${name} = ${storage[name]}`]));
  const reset = names.filter((name) => storage[name] === undefined);
  const actions = [
    ...(set.length === 0 ? [] : [`SET (${set.join(', ')})`]),
    ...(reset.length === 0 ? [] : [`RESET (${reset.join(', ')})`]),
  ];
  return `ALTER TABLE ${table} ${actions.join(', ')}`;
}

export function renderVacuumFreeze(partition: QualifiedName): string {
  return `VACUUM (FREEZE, ANALYZE) ${formatQualifiedName(partition)}`;
}

/** Before 18 there is no ONLY: partitions are sampled once more. */
export function renderAnalyzeParent(table: QualifiedName, serverVersion: number): string {
  return `ANALYZE ${serverVersion >= 180_000 ? 'ONLY ' : ''}${formatQualifiedName(table)}`;
}

export function renderDropIndex(index: QualifiedName): string {
  return `DROP INDEX ${formatQualifiedName(index)}`;
}
