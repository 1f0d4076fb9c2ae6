import { formatQualifiedName } from '../../partition/qualified-name.ts';
import { firstNewBound, type KeyLineup, shownBound } from './extent/key-lineup.ts';
import type { MigrationCase } from './migration-case.ts';

/** What a reader of a plan should know and no rule refuses. `lineup`: null when the partition key cannot be cut. */
export function remarks(subject: MigrationCase, lineup: KeyLineup | null): readonly string[] {
  const { circumstances, table, strategy } = subject;
  return [
    ...(circumstances.estimatedRows === null ? [`It was never analysed, so nobody knows how long it takes: ANALYZE ${table};`] : []),
    ...(strategy === 'copy' ? copyRemarks(subject) : []),
    ...(lineup === null ? [] : lineupRemarks(subject, lineup)),
    ...readRemarks(subject),
  ];
}

function copyRemarks({ policy, definition }: MigrationCase): readonly string[] {
  const found: string[] = [];
  if (definition.columns.some(({ identity }) => identity !== null)) {
    found.push('Identity columns go on 1,000 values further after the switch: the new table has a sequence of its own.');
  }
  if (policy.migration.copy.diskFreeBytes === null) {
    found.push('Whether the disk has room was not checked: the server does not tell, say it in migration.copy.diskFree.');
  }
  return found;
}

function lineupRemarks({ policy, strategy, table }: MigrationCase, lineup: KeyLineup): readonly string[] {
  const found: string[] = [];
  if (strategy === 'attach') {
    const hi = shownBound(lineup, firstNewBound(lineup));
    found.push(`From step 1 to the switch ${table} refuses rows at or after ${hi}, where the first new partition begins.`);
  }
  if (lineup.outlier !== null && policy.defaultPartition !== 'none') {
    found.push(`Rows far ahead, up to ${lineup.outlier}, go into the default partition.`);
  }
  return found;
}

function readRemarks({ policy, definition }: MigrationCase): readonly string[] {
  const { readSchemas } = policy.migration;
  if (readSchemas === null) return [];
  const [old, fresh] = [readSchemas.old, readSchemas.new].map((schema) => formatQualifiedName({ schema, name: definition.name.name }));
  return [`${old} reads the old table and ${fresh} the new one, until finish; both schemas must exist.`];
}
