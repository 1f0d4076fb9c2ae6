import { quoteLiteral } from '../../../partition/literal.ts';
import type { CheckDefinition } from '../../../partition/migration/definition.ts';
import type { MigrationSpec } from '../../../partition/migration/spec.ts';
import { formatQualifiedName, quoteIdentifier } from '../../../partition/qualified-name.ts';
import { carryBeforeAttach } from '../../carry/carry-properties.ts';
import { renderComments } from './comments.ts';
import { renderGuard, renderGuardFunction } from './guard.ts';
import { renderIdentities, renderIdentityGrants } from './identities.ts';
import { renderStatistics } from './statistics.ts';
import { renderWholeIndex } from './target-index.ts';
import { firstIndexes } from './target-names.ts';

/** Where a target is made, beside what it is made of. */
export interface TargetPlace {
  readonly journalSchema: string;
  /** Of the migration. */
  readonly id: string;
  /** `server_version_num`. */
  readonly serverVersion: number;
}

/**
 * The empty target with all that costs the copy nothing: columns, valid checks, the key's index, owner, grants, row security, comments, labels,
 * statistics, guard. For one transaction, so that nobody ever sees a part of it; on the source LIKE takes AccessShareLock. Foreign keys and
 * triggers move in the switch, the other indexes and the checks that are not valid wait for step 6.
 */
export function renderTarget(spec: MigrationSpec, place: TargetPlace): readonly string[] {
  const { definition, targetName, table } = spec;
  const first = firstIndexes(spec);
  const checks = definition.checks.filter(({ isValid, isEnforced }) => isValid || !isEnforced);
  const constraints = new Set([...checks, ...first].map(({ name }) => name));
  const keys = new Set(first.map(({ name }) => name));
  return [
    renderGuardFunction(place.journalSchema, place.id, table),
    renderCreateTable(spec, place.serverVersion),
    ...renderDoubtfulNotNulls(spec),
    ...checks.map((check) => renderCheck(spec, check)),
    ...first.flatMap((index) => renderWholeIndex(spec, index)),
    ...renderIdentities(spec),
    ...carryBeforeAttach(targetName, definition.name, definition.template).map(({ sql }) => sql),
    ...renderIdentityGrants(spec),
    ...renderColumnOptions(spec, targetName),
    ...renderStatistics(spec),
    ...renderReplicaIdentity(spec),
    ...renderLabels(spec),
    ...renderComments(spec, ({ on, name }) => {
      if (on === 'constraint') return constraints.has(name);
      return on === 'index' ? keys.has(name) : on !== 'trigger';
    }),
    ...renderGuard(place.journalSchema, place.id, targetName),
  ];
}

/** LIKE carries what no deparser prints in full: storage, compression, collations, defaults, expressions, NOT NULL with its names. */
function renderCreateTable({ definition, table, targetName, partitionKey }: MigrationSpec, serverVersion: number): string {
  const included = ['DEFAULTS', 'GENERATED', 'STORAGE', 'COMPRESSION'].map((what) => `INCLUDING ${what}`).join(' ');
  const { accessMethod, tablespace } = definition.template;
  // Before 17 a partitioned table has no access method; its partitions are told theirs one by one.
  const method = accessMethod === null || serverVersion < 170_000 ? '' : ` USING ${quoteIdentifier(accessMethod)}`;
  const place = tablespace === null ? '' : ` TABLESPACE ${quoteIdentifier(tablespace)}`;
  const by = `PARTITION BY RANGE (${quoteIdentifier(partitionKey.name)})`;
  return `CREATE TABLE ${formatQualifiedName(targetName)} (LIKE ${formatQualifiedName(table)} ${included}) ${by}${method}${place}`;
}

/** LIKE makes a NOT NULL that was never validated a valid one, at which rows of the source would fail (18). Step 6 adds it again, NOT VALID. */
function renderDoubtfulNotNulls({ definition, targetName }: MigrationSpec): readonly string[] {
  const doubtful = definition.checks.filter((check) => !check.isValid && check.definition.startsWith('NOT NULL '));
  return doubtful.map(({ name }) => `ALTER TABLE ${formatQualifiedName(targetName)} DROP CONSTRAINT ${quoteIdentifier(name)}`);
}

/** A partitioned table has no NO INHERIT; without heirs of the source it means the same. */
export function renderCheck({ targetName }: Pick<MigrationSpec, 'targetName'>, check: CheckDefinition): string {
  const definition = check.definition.replace(/ NO INHERIT$/, '');
  const enforced = check.isEnforced || definition.endsWith(' NOT ENFORCED') ? '' : ' NOT ENFORCED';
  const valid = check.isValid || !check.isEnforced ? '' : ' NOT VALID';
  return `ALTER TABLE ${formatQualifiedName(targetName)} ADD CONSTRAINT ${quoteIdentifier(check.name)} ${definition}${enforced}${valid}`;
}

/** Of the target or of one partition, which LIKE gives none. */
export function renderColumnOptions({ definition }: MigrationSpec, table: MigrationSpec['targetName']): readonly string[] {
  return definition.columnOptions.map(({ column, options }) => {
    const list = Object.entries(options).map(([name, value]) => `${quoteIdentifier(name)} = ${quoteLiteral(value)}`);
    return `ALTER TABLE ${formatQualifiedName(table)} ALTER COLUMN ${quoteIdentifier(column)} SET (${list.join(', ')})`;
  });
}

/** By an index it is told in step 6, when that exists. */
function renderReplicaIdentity({ definition, targetName }: MigrationSpec): readonly string[] {
  const { kind } = definition.template.replicaIdentity;
  if (kind !== 'full' && kind !== 'nothing') return [];
  return [`ALTER TABLE ${formatQualifiedName(targetName)} REPLICA IDENTITY ${kind === 'full' ? 'FULL' : 'NOTHING'}`];
}

function renderLabels({ definition, targetName }: MigrationSpec): readonly string[] {
  const table = formatQualifiedName(targetName);
  return definition.labels.map(({ provider, column, label }) => {
    const object = column === null ? `TABLE ${table}` : `COLUMN ${table}.${quoteIdentifier(column)}`;
    return `SECURITY LABEL FOR ${quoteIdentifier(provider)} ON ${object} IS ${quoteLiteral(label)}`;
  });
}
