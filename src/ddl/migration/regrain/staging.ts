import type { MigrationSpec, Regrain } from '../../../partition/migration/spec.ts';
import { formatQualifiedName } from '../../../partition/qualified-name.ts';
import { carryBeforeAttach } from '../../carry/carry-properties.ts';
import { renderGuard, renderGuardFunction } from '../target/guard.ts';

/**
 * The partitioned table beside the table, like it in columns, checks and indexes, so that its partitions can change places with the table's without
 * a scan or a build. Foreign keys and triggers come with ATTACH. AccessShareLock on the table.
 */
export function renderStaging(spec: MigrationSpec & { readonly regrain: Regrain }, journalSchema: string, id: string): readonly string[] {
  const included = ['DEFAULTS', 'CONSTRAINTS', 'GENERATED', 'STORAGE', 'COMPRESSION', 'INDEXES']
    .map((what) => `INCLUDING ${what}`)
    .join(' ');
  const like = `LIKE ${formatQualifiedName(spec.table)} ${included}`;
  return [
    renderGuardFunction(journalSchema, id, spec.table),
    `CREATE TABLE ${formatQualifiedName(spec.targetName)} (${like}) PARTITION BY ${spec.regrain.partitionBy}`,
    ...carryBeforeAttach(spec.targetName, spec.table, spec.definition.template).map(({ sql }) => sql),
    ...renderGuard(journalSchema, id, spec.targetName),
  ];
}
