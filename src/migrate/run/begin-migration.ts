import { readCircumstances } from '../../catalog/migration/read-circumstances.ts';
import { readDefinition } from '../../catalog/migration/read-definition.ts';
import { readSchemaTag } from '../../ddl/migration/switch/read-schema.ts';
import { MigrationError, StatementError } from '../../errors.ts';
import { installJournal } from '../../journal/install.ts';
import { insertMigration, readMigrations, type StoredMigration } from '../../journal/migration/records.ts';
import type { Circumstances } from '../../partition/migration/circumstances.ts';
import type { TableDefinition } from '../../partition/migration/definition.ts';
import type { MigrationPolicy } from '../../partition/migration/policy.ts';
import type { TablePolicy } from '../../partition/policy.ts';
import type { EpochMicros } from '../../partition/position.ts';
import { formatQualifiedName, type QualifiedName } from '../../partition/qualified-name.ts';
import { possibleNames } from '../../plan/migration/migration-names.ts';
import type { MigrationPlan } from '../../plan/migration/migration-plan.ts';
import { planMigration } from '../../plan/migration/plan-migration.ts';
import { defaultMigration } from '../../plan/migration/regrain/default-policy.ts';
import type { Session } from '../../postgres/session.ts';
import { sqlstates } from '../../postgres/sqlstate.ts';

export type MigrationTable = TablePolicy & { readonly migration: MigrationPolicy };

/** The entry with the configuration's defaults where it has no block `migration`, by which partitions alone can be migrated. */
export function withMigration(policy: TablePolicy): MigrationTable {
  return { ...policy, migration: policy.migration ?? defaultMigration('') };
}

/** A plan with what it was made of. */
export interface PlannedMigration {
  readonly plan: MigrationPlan;
  readonly definition: TableDefinition;
  readonly circumstances: Circumstances;
}

/**
 * Plans the migration of a table as it is now; nothing is written, the journal neither read nor made. Throws `MigrationError` (PD601) where there
 * is no such table.
 */
export async function readMigrationPlan(
  session: Session,
  policy: MigrationTable,
  now: EpochMicros,
  signal: AbortSignal,
): Promise<PlannedMigration> {
  const definition = await readDefinition(session, policy.table, signal);
  if (definition === null) throw noTable(policy.table);
  const { oid } = definition;
  const { partitionKey, readSchemas } = policy.migration;
  const wanted = {
    oid,
    partitionKey,
    names: possibleNames(definition),
    readViews: { schemas: readSchemas === null ? [] : [readSchemas.old, readSchemas.new], tag: readSchemaTag() },
  };
  const circumstances = await readCircumstances(session, wanted, signal);
  return { plan: planMigration(policy, definition, circumstances, now), definition, circumstances };
}

/** The newest migration of that table; null when none was ever begun. */
export async function readMigrationOf(
  session: Session,
  schema: string,
  table: QualifiedName,
  signal: AbortSignal,
): Promise<StoredMigration | null> {
  const migrations = await readMigrations(session, schema, signal);
  return migrations.find((record) => record.table.schema === table.schema && record.table.name === table.name) ?? null;
}

/** Whether there is still something to do or undo. */
export function isUnfinished({ phase }: Pick<StoredMigration, 'phase'>): boolean {
  return phase !== 'finished' && phase !== 'aborted';
}

/**
 * Installs the journal and writes the migration down, as yet without any work; answers its id. Where two processes do so at once, the second
 * is answered the id of the first. Throws `MigrationError` (PD604) with all refusals of a plan that has any.
 */
export async function beginMigration(
  session: Session,
  schema: string,
  { plan, circumstances, definition }: PlannedMigration,
  who: string,
  signal: AbortSignal,
): Promise<string> {
  const { spec, hash, refusals } = plan;
  if (spec === null) {
    const sentences = refusals.map(({ subject, message }) => `${subject}: ${message}`);
    throw new MigrationError('PD604', `${formatQualifiedName(definition.name)} cannot be migrated as it is. ${sentences.join(' ')}`);
  }
  await installJournal(session, schema, signal);
  try {
    return await insertMigration(session, schema, { spec, planHash: hash, rowsEstimated: circumstances.estimatedRows, who }, signal);
  } catch (error) {
    if (!(error instanceof StatementError) || error.sqlstate !== sqlstates.uniqueViolation) throw error;
    const other = await readMigrationOf(session, schema, definition.name, signal);
    if (other === null) throw error;
    return other.id;
  }
}

function noTable(table: QualifiedName): MigrationError {
  const name = formatQualifiedName(table);
  return new MigrationError('PD601', `There is no table ${name} in this database; correct \`table\` in the configuration, or create it.`);
}
