import { parseInstant } from '../../../../src/partition/calendar.ts';
import { parseInterval } from '../../../../src/partition/interval.ts';
import type { Circumstances } from '../../../../src/partition/migration/circumstances.ts';
import type {
  ColumnDefinition,
  ForeignKeyDefinition,
  IndexDefinition,
  TableDefinition,
  TriggerDefinition,
} from '../../../../src/partition/migration/definition.ts';
import type { MigrationPolicy } from '../../../../src/partition/migration/policy.ts';
import type { TablePolicy } from '../../../../src/partition/policy.ts';
import type { MigratingPolicy } from '../../../../src/plan/migration/migration-case.ts';
import type { MigrationPlan, Refusal } from '../../../../src/plan/migration/migration-plan.ts';
import { planMigration } from '../../../../src/plan/migration/plan-migration.ts';
import { definitionOf } from '../../../support/migrate/hand-made.ts';
import { migrationPolicy } from '../../../support/migrate/policy.ts';
import { named, policyOf } from '../../../support/model.ts';

export const now: bigint = parseInstant('2026-01-15T12:00:00Z', 'UTC');
export const gib: number = 1024 ** 3;

export function column(name: string, type: string, changes: Partial<ColumnDefinition> = {}): ColumnDefinition {
  return {
    name,
    type,
    collation: null,
    isNotNull: true,
    expression: null,
    generated: null,
    identity: null,
    equalityIn: null,
    isHashable: true,
    ...changes,
  };
}

export function index(name: string, columns: readonly (string | null)[], changes: Partial<IndexDefinition> = {}): IndexDefinition {
  return {
    oid: '1',
    name,
    constraint: null,
    isUnique: false,
    isValid: true,
    columns,
    included: [],
    isPartial: false,
    isDeferrable: false,
    isDeferred: false,
    nullsNotDistinct: false,
    isTemporal: false,
    equalColumns: [],
    tail: `USING btree (${columns.join(', ')})`,
    constraintDefinition: null,
    tablespace: null,
    isClustered: false,
    statisticsTargets: [],
    ...changes,
  };
}

export function unique(name: string, columns: readonly (string | null)[], changes: Partial<IndexDefinition> = {}): IndexDefinition {
  return index(name, columns, { isUnique: true, ...changes });
}

export function primary(columns: readonly string[] = ['id', 'occurred_at'], changes: Partial<IndexDefinition> = {}): IndexDefinition {
  return unique('revenues_pkey', columns, { constraint: 'primary', ...changes });
}

/** Of `table` to `referenced`, by default of another table to the one under test. */
export function foreignKey(changes: Partial<ForeignKeyDefinition> = {}): ForeignKeyDefinition {
  return {
    name: 'payments_revenue_fkey',
    table: named('payments'),
    tableOid: '77',
    isTablePartitioned: false,
    referenced: named('revenues'),
    referencedOid: '5',
    isReferencedPartitioned: false,
    columns: ['revenue_id'],
    referencedColumns: ['id'],
    definition: 'FOREIGN KEY (revenue_id) REFERENCES public.revenues(id)',
    isValid: true,
    isEnforced: true,
    comment: null,
    ...changes,
  };
}

export function trigger(name: string, changes: Partial<TriggerDefinition> = {}): TriggerDefinition {
  return {
    name,
    definition: '',
    head: '',
    tail: '',
    enabled: 'O',
    isForEachRow: true,
    isConstraint: false,
    hasTransitionTables: false,
    isBeforeRow: false,
    ...changes,
  };
}

/** `public.revenues (id, occurred_at, amount)` with the primary key (id, occurred_at), which nothing of a migration is against. */
export function revenues(changes: Partial<TableDefinition> = {}): TableDefinition {
  return definitionOf('revenues', {
    oid: '5',
    columns: [
      column('id', 'bigint'),
      column('occurred_at', 'timestamp with time zone'),
      column('amount', 'numeric(12,2)', { isNotNull: false }),
    ],
    indexes: [primary()],
    ...changes,
  });
}

/** Of 10 GiB with rows of two years. */
export function circumstances(changes: Partial<Circumstances> = {}): Circumstances {
  return {
    serverVersion: 180_004,
    role: 'app',
    isOwner: true,
    isOwnerSuperuser: false,
    mayRead: true,
    mayCreateIn: true,
    heapBytes: 8 * gib,
    totalBytes: 10 * gib,
    blocks: 1_048_576,
    estimatedRows: 60_000_000,
    minKey: '2024-02-03 10:00:00+00',
    maxKey: '2026-01-15 11:59:00+00',
    nullKeys: 0,
    slots: [],
    longTransactions: [],
    takenNames: [],
    readSchemas: [],
    ...changes,
  };
}

export interface Wanted {
  readonly policy?: Partial<TablePolicy>;
  readonly migration?: Partial<MigrationPolicy>;
  readonly definition?: Partial<TableDefinition>;
  readonly circumstances?: Partial<Circumstances>;
}

export function policyFor({ policy = {}, migration = {} }: Wanted): MigratingPolicy {
  return {
    ...policyOf({ table: named('revenues'), interval: parseInterval('1 quarter'), premake: 2, ...policy }),
    migration: migrationPolicy(migration),
  };
}

export function plan(wanted: Wanted = {}): MigrationPlan {
  return planMigration(policyFor(wanted), revenues(wanted.definition), circumstances(wanted.circumstances), now);
}

/** The only refusal of a plan. */
export function refusalOf(wanted: Wanted): Refusal {
  const { refusals, spec } = plan(wanted);
  const [refusal] = refusals;
  if (refusal === undefined || refusals.length > 1 || spec !== null) throw new Error(`has ${refusals.length} refusals`);
  return refusal;
}
