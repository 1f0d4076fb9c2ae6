import { isWidened } from '../../../partition/migration/carry-over.ts';
import type { Circumstances } from '../../../partition/migration/circumstances.ts';
import type { TableDefinition } from '../../../partition/migration/definition.ts';
import type { MigrationPolicy, Strategy } from '../../../partition/migration/policy.ts';

/** From here on `auto` rather leaves the rows where they are than copies them. */
export const attachFromBytes: number = 200 * 1024 ** 3;

/** What the policy asks for; `auto`: attach where a copy would be large and nothing of the table's keys has to change for it. */
export function chooseStrategy(migration: MigrationPolicy, definition: TableDefinition, circumstances: Circumstances): Strategy {
  if (migration.strategy !== 'auto') return migration.strategy;
  return circumstances.totalBytes > attachFromBytes && holdsPartitionKey(definition, migration.partitionKey) ? 'attach' : 'copy';
}

/** Whether the primary key and all unique indexes hold the partition key, so that the table can be a partition as it is. */
export function holdsPartitionKey({ indexes }: TableDefinition, partitionKey: string): boolean {
  return !indexes.some((index) => isWidened(index, partitionKey));
}
