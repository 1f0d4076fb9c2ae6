import type { PartitionTemplate } from '../../partition/partition.ts';
import { formatQualifiedName, type QualifiedName, quoteIdentifier } from '../../partition/qualified-name.ts';
import type { Statement } from '../statement.ts';

export function renderStatisticsTargets(partition: QualifiedName, targets: PartitionTemplate['statisticsTargets']): readonly Statement[] {
  if (targets.length === 0) return [];
  const actions = targets.map(({ column, target }) => `ALTER COLUMN ${quoteIdentifier(column)} SET STATISTICS ${target}`);
  return [
    {
      sql: `ALTER TABLE ${formatQualifiedName(partition)} ${actions.join(', ')}`,
      locks: [],
      reason: 'LIKE does not carry statistics targets',
    },
  ];
}
