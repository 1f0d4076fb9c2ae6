import type { TableDefinition } from '../../../partition/migration/definition.ts';
import type { PartitionedTable } from '../../../partition/partition.ts';
import type { MigratingPolicy } from '../migration-case.ts';

/** What is known of the table; `renderCondition` says in SQL that a row lies between two literals. */
export interface RegrainCase {
  readonly policy: MigratingPolicy;
  readonly table: PartitionedTable;
  readonly definition: TableDefinition;
  /** Of the named partitions, as far as they exist. */
  readonly sources: readonly TableDefinition[];
  /** As `pg_get_partkeydef` prints it. */
  readonly partitionBy: string;
  /** Foreign keys that the table has because it is itself a partition of one that has them, or is referenced; as subjects of refusals. */
  readonly inheritedKeys: readonly string[];
  readonly isOwner: boolean;
  /** `server_version_num`. */
  readonly serverVersion: number;
  /** Names of relations in the table's schema. */
  readonly takenNames: ReadonlySet<string>;
  readonly renderCondition: (range: { readonly from: string | null; readonly to: string | null }) => string;
}
