import { formatQualifiedName } from '../../partition/qualified-name.ts';
import { firstNewBound, type KeyLineup, shownBound } from './extent/key-lineup.ts';
import type { MigrationCase } from './migration-case.ts';
import { migrationNames } from './migration-names.ts';

/** What a reader of a plan should know and no rule refuses. `lineup`: null when the partition key cannot be cut. */
export function remarks(subject: MigrationCase, lineup: KeyLineup | null): readonly string[] {
  const { circumstances, table, strategy } = subject;
  return [
    ...(circumstances.estimatedRows === null ? [`It was never analysed, so nobody knows how long it takes: ANALYZE ${table};`] : []),
    ...(strategy === 'copy' ? copyRemarks(subject) : attachRemarks(subject)),
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

function attachRemarks({ definition }: MigrationCase): readonly string[] {
  const isNumbered = definition.columns.some(({ identity }) => identity !== null);
  const numbered =
    "Identity columns go on 1,000 values further after the switch: the sequence is the new table's, and the partition has none.";
  const ownKeys = [...definition.outgoing.filter(({ referencedOid }) => referencedOid === definition.oid), ...definition.incoming];
  const validated =
    'Foreign keys to it are checked again after the switch, which reads the tables that have them, without a lock that hinders anybody.';
  return [...(isNumbered ? [numbered] : []), ...(ownKeys.length > 0 ? [validated] : [])];
}

function lineupRemarks({ policy, strategy, table, definition }: MigrationCase, lineup: KeyLineup): readonly string[] {
  const found: string[] = [];
  if (strategy === 'attach') {
    const hi = shownBound(lineup, firstNewBound(lineup));
    found.push(
      `From step 2 to the switch ${table} refuses rows at or after ${hi}, where the first new partition begins; switch before then.`,
    );
    const old = formatQualifiedName(migrationNames(definition, strategy).oldName);
    found.push(
      `All its rows are then in the partition ${old}, which goes on as it is; to cut it up: partitiond migrate plan --table ${table} ` +
        `--partitions ${old} --interval ...`,
    );
  } else if (lineup.outlier !== null && policy.defaultPartition !== 'none') {
    found.push(`Rows far ahead, up to ${lineup.outlier}, go into the default partition.`);
  }
  return found;
}

function readRemarks({ policy, definition, strategy }: MigrationCase): readonly string[] {
  const { readSchemas } = policy.migration;
  if (readSchemas === null) return [];
  if (strategy === 'attach') return ['There are no migration.readSchemas with attach: no second table holds the rows.'];
  const [old, fresh] = [readSchemas.old, readSchemas.new].map((schema) => formatQualifiedName({ schema, name: definition.name.name }));
  return [`${old} reads the old table and ${fresh} the new one, from ready until finish.`];
}
