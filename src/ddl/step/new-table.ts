import { formatQualifiedName } from '../../partition/qualified-name.ts';
import type { CreatePartition, DrainDefault } from '../../plan/step.ts';
import { carryBeforeAttach } from '../carry/carry-properties.ts';
import { renderCreateLike } from '../carry/create-like.ts';
import { createIndexSql } from '../create-index.ts';
import { renderRangeCondition } from '../range-condition.ts';
import type { Statement } from '../statement.ts';

/** The CHECK lives from CREATE to ATTACH inside one transaction, so one name serves all partitions. */
const boundCheck = 'partitiond_bound';

/** A new partition up to its ATTACH: a table of its own with all that goes before, and the CHECK that proves its bound. */
export function renderBesideTable(step: CreatePartition | DrainDefault): readonly Statement[] {
  return [
    renderCreateLike(step.partition, step.table, step.template, step.storage),
    ...carryBeforeAttach(step.partition, step.table, step.template),
    ...step.indexes.map((named) => ({
      sql: createIndexSql('plain', step.partition, named),
      locks: [],
      reason: `the policy asks for index ${named.definition.name} on partitions like this one`,
    })),
    {
      sql: `ALTER TABLE ${formatQualifiedName(step.partition)} ADD CONSTRAINT ${boundCheck} CHECK (${renderRangeCondition(step)})`,
      locks: [],
      reason: 'proves the bound, so that ATTACH scans nothing',
    },
  ];
}

/** After ATTACH. */
export function renderDropBoundCheck({ partition }: Pick<CreatePartition, 'partition'>): Statement {
  return {
    sql: `ALTER TABLE ${formatQualifiedName(partition)} DROP CONSTRAINT ${boundCheck}`,
    locks: [],
    reason: 'the bound itself says it now',
  };
}
