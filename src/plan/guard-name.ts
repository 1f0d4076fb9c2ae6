import { fingerprint } from '../partition/fingerprint.ts';
import type { Range } from '../partition/position.ts';

/**
 * Name of the CHECK constraint that keeps a range out of the default partition while it is attached: `partitiond_guard_` and 12 hexadecimal
 * digits of a hash over the table and the range. The same range has the same name in every run, so that what a killed run left is
 * recognised, and different ranges of one default partition differ.
 */
export function guardName(tableOid: string, range: Range): string {
  return `partitiond_guard_${fingerprint(`${tableOid} ${range.from} ${range.to}`, 12)}`;
}
