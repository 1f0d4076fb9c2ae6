import { formatQualifiedName, quoteIdentifier } from '../../partition/qualified-name.ts';
import type { CreatePartition } from '../../plan/step.ts';
import { carryAfterAttach } from '../carry/carry-properties.ts';
import { attachForeignKeyLocks, locksOn } from '../foreign-key-locks.ts';
import { renderForValues, renderRangeCondition } from '../range-condition.ts';
import { briefTransaction, renderedStep } from '../rendered-step.ts';
import type { Batch, RenderedStep, Statement } from '../statement.ts';
import { renderBesideTable, renderDropBoundCheck } from './new-table.ts';

/**
 * LIKE, CHECK equal to the bound, ATTACH: SHARE UPDATE EXCLUSIVE on the parent is the strongest lock that the application meets. With a
 * default partition, a guard constraint on it comes first, in transactions of its own: ATTACH takes ACCESS EXCLUSIVE on the default and
 * scans it unless a valid constraint already excludes the range (postgresql.org/docs/18/ddl-partitioning.html, 5.12.2.2).
 */
export function renderCreatePartition(step: CreatePartition, serverVersion: number): RenderedStep {
  const create = renderCreate(step, serverVersion);
  if (step.guard === null) return renderedStep([briefTransaction(create)]);
  const { add, validate, drop } = renderGuard(step, step.guard);
  const validation: Batch = { kind: 'transaction', statements: [validate], patience: 'long', whenDetachPending: null };
  return renderedStep([briefTransaction([add]), validation, briefTransaction([...create, drop])], [drop]);
}

function renderCreate(step: CreatePartition, serverVersion: number): readonly Statement[] {
  const partition = formatQualifiedName(step.partition);
  return [
    ...renderBesideTable(step),
    {
      sql: `ALTER TABLE ${formatQualifiedName(step.table)} ATTACH PARTITION ${partition} ${renderForValues(step)}`,
      locks: [
        ...locksOn([step.table], ['ShareUpdateExclusiveLock']),
        ...locksOn(step.guard === null ? [] : [step.guard.defaultPartition], ['AccessExclusiveLock']),
        ...attachForeignKeyLocks(step, serverVersion),
      ],
      reason: step.reason,
    },
    renderDropBoundCheck(step),
    ...carryAfterAttach(step.partition, step.template),
  ];
}

/** NOT VALID costs a moment of ACCESS EXCLUSIVE, VALIDATE scans under a lock that lets writers through. Rows without a key stay legal. */
function renderGuard(
  step: CreatePartition,
  guard: NonNullable<CreatePartition['guard']>,
): { readonly add: Statement; readonly validate: Statement; readonly drop: Statement } {
  const table = formatQualifiedName(guard.defaultPartition);
  const constraint = quoteIdentifier(guard.constraint);
  const exclusive = locksOn([guard.defaultPartition], ['AccessExclusiveLock']);
  return {
    add: {
      sql: `ALTER TABLE ${table} ADD CONSTRAINT ${constraint} CHECK (NOT (${renderRangeCondition(step)})) NOT VALID`,
      locks: exclusive,
      reason: 'keeps rows of the new range out of the default partition from now on',
    },
    validate: {
      sql: `ALTER TABLE ${table} VALIDATE CONSTRAINT ${constraint}`,
      locks: locksOn([guard.defaultPartition], ['ShareUpdateExclusiveLock']),
      reason: 'proves that the default partition holds no row of the range; readers and writers go on',
    },
    drop: {
      sql: `ALTER TABLE ${table} DROP CONSTRAINT ${constraint}`,
      locks: exclusive,
      reason: 'the guard served ATTACH only',
    },
  };
}
