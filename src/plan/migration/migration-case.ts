import type { Circumstances } from '../../partition/migration/circumstances.ts';
import type { TableDefinition } from '../../partition/migration/definition.ts';
import type { MigrationPolicy, Strategy, Waiver } from '../../partition/migration/policy.ts';
import type { TablePolicy } from '../../partition/policy.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import type { Refusal } from './migration-plan.ts';

/** A policy that asks for a migration. */
export type MigratingPolicy = TablePolicy & { readonly migration: MigrationPolicy };

/** What is judged: all rules see the same. */
export interface MigrationCase {
  readonly policy: MigratingPolicy;
  readonly definition: TableDefinition;
  readonly circumstances: Circumstances;
  readonly strategy: Strategy;
  /** The table's name for SQL. */
  readonly table: string;
  /** The partition key as the catalog has it; the table may have no such column. */
  readonly partitionKey: string;
}

/** What one rule says of a case. */
export interface Judgement {
  readonly refusals: readonly Refusal[];
  readonly notes: readonly string[];
}

export function caseOf(
  policy: MigratingPolicy,
  definition: TableDefinition,
  circumstances: Circumstances,
  strategy: Strategy,
): MigrationCase {
  const { partitionKey } = policy.migration;
  return { policy, definition, circumstances, strategy, table: formatQualifiedName(definition.name), partitionKey };
}

/** What nobody can accept: it has to be changed first. `message` names the fix. */
export function refuse(subject: string, message: string): Refusal {
  return { subject, message, waiver: null, consequence: null };
}

/** What a user may accept by name. */
export function refuseUnlessWaived(waiver: Waiver, subject: string, message: string, consequence: string): Refusal {
  return { subject, message, waiver, consequence };
}

export function joinJudgements(judgements: readonly Judgement[]): Judgement {
  return { refusals: judgements.flatMap(({ refusals }) => refusals), notes: judgements.flatMap(({ notes }) => notes) };
}
