import { quoteLiteral } from '../../../partition/literal.ts';
import type { TableDefinition } from '../../../partition/migration/definition.ts';
import type { MigrationSpec } from '../../../partition/migration/spec.ts';
import { formatQualifiedName, type QualifiedName, quoteIdentifier } from '../../../partition/qualified-name.ts';
import { renderCheck } from '../target/create-target.ts';

/** The comment by which a schema of a trial is known: one with another is a user's and is never dropped. */
export const trialTag = 'partitiond: trial of a migration, to be dropped when it ends';

/** Both in one message, so that no schema is ever without its tag. */
export function renderTrialSchemas(schemas: readonly string[]): readonly string[] {
  return schemas.flatMap((schema) => {
    const name = quoteIdentifier(schema);
    return [`CREATE SCHEMA ${name}`, `COMMENT ON SCHEMA ${name} IS ${quoteLiteral(trialTag)}`];
  });
}

/**
 * An empty table like the source in everything that costs time: indexes, expressions, valid checks. Foreign keys and triggers are left out, which
 * a target has none of either before the switch, and so are checks that rows may break. LIKE takes AccessShareLock on the source.
 */
export function renderSampleTable(definition: TableDefinition, sample: QualifiedName): readonly string[] {
  const checks = definition.checks.filter(({ isValid, isEnforced }) => isValid && isEnforced);
  return [
    `CREATE TABLE ${formatQualifiedName(sample)} (LIKE ${formatQualifiedName(definition.name)} INCLUDING ALL EXCLUDING CONSTRAINTS)`,
    ...checks.map((check) => renderCheck({ targetName: sample }, check)),
  ];
}

/**
 * Copies about `rows` rows, of blocks from all over the source's file where its size is known, so that they are of all times. Row security
 * raises an error rather than hide rows.
 */
export function renderSample(
  { definition, columns }: Pick<MigrationSpec, 'definition' | 'columns'>,
  sample: QualifiedName,
  rows: number,
  estimatedRows: number | null,
): string {
  const names = columns.map(({ name }) => quoteIdentifier(name)).join(', ');
  const percent = estimatedRows === null || estimatedRows <= 0 ? 100 : (100 * rows) / estimatedRows;
  const sampled = percent >= 100 ? '' : ` TABLESAMPLE SYSTEM (${percent.toFixed(6)})`;
  const select = `SELECT ${names} FROM ONLY ${formatQualifiedName(definition.name)} AS s${sampled} LIMIT ${rows}`;
  return `INSERT INTO ${formatQualifiedName(sample)} (${names}) OVERRIDING SYSTEM VALUE ${select}`;
}

/** Partition by partition, for one transaction would hold a lock on each table and index of thousands. */
export function renderDropTrialTables(tables: readonly QualifiedName[]): string {
  return `DROP TABLE ${tables.map(formatQualifiedName).join(', ')}`;
}

/** What is in it is ours, and what anybody has hung on that goes with it. */
export function renderDropTrialSchema(schema: string): string {
  return `DROP SCHEMA ${quoteIdentifier(schema)} CASCADE`;
}
