import type { MigrationSpec } from '../../../partition/migration/spec.ts';
import type { MigrationCase } from '../migration-case.ts';
import { migrationNames } from '../migration-names.ts';
import type { Refusal } from '../migration-plan.ts';
import { chooseKey, columnRef } from './choose-key.ts';

/** What is stored, if nothing is refused. Null without a key, or without the partition key's column: refusals say so. */
export function makeSpec({ policy, definition, strategy, partitionKey }: MigrationCase, waived: readonly Refusal[]): MigrationSpec | null {
  const partitionColumn = definition.columns.find(({ name }) => name === partitionKey);
  // Rows that stay where they are need not be told apart.
  const key = chooseKey(definition) ?? (strategy === 'attach' ? [] : null);
  if (partitionColumn === undefined || key === null) return null;
  const compared = definition.columns.filter(({ generated }) => generated !== 'virtual');
  return {
    subject: 'table',
    strategy,
    capture: policy.migration.capture,
    table: definition.name,
    ...migrationNames(definition, strategy),
    columns: definition.columns.filter(({ generated }) => generated === null).map(columnRef),
    comparedColumns: compared.map(columnRef),
    isHashable: compared.every(({ isHashable }) => isHashable),
    key,
    partitionKey: columnRef(partitionColumn),
    definition,
    waived: policy.migration.waive.filter((waiver) => waived.some((refusal) => refusal.waiver === waiver)),
    isIdentityKept: definition.columns.some(({ identity }) => identity !== null),
  };
}
