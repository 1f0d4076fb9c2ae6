import type { MigrationSpec } from '../../../partition/migration/spec.ts';

/**
 * What a read of the live table ends with before its rows are written to the follower: under `dual` writers put their rows there themselves, and
 * a row that is deleted between the read and our insert would come back. A key that holds the partition key needs no more than that neither
 * changes, which lets other updates pass. Empty under `log`, where the log sets all of it right. `alias`: of the live table in that read.
 */
export function lockRowsClause(spec: MigrationSpec, alias: string): string {
  if (spec.capture === 'log') return '';
  const isPositionKey = spec.key.some(({ name }) => name === spec.partitionKey.name);
  return ` FOR ${isPositionKey ? 'KEY SHARE' : 'NO KEY UPDATE'} OF ${alias}`;
}
