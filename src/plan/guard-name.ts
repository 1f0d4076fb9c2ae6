import type { Range } from '../partition/position.ts';

const mask = (1n << 64n) - 1n;

/**
 * Name of the CHECK constraint that keeps a range out of the default partition while it is attached: `partitiond_guard_` and 12 hexadecimal
 * digits of an FNV-1a hash over the table and the range. The same range has the same name in every run, so that what a killed run left is
 * recognised, and different ranges of one default partition differ. Source: draft-eastlake-fnv (64 bits).
 */
export function guardName(tableOid: string, range: Range): string {
  let hash = 0xcbf29ce484222325n;
  for (const letter of `${tableOid} ${range.from} ${range.to}`) {
    hash = ((hash ^ BigInt(letter.charCodeAt(0))) * 0x100000001b3n) & mask;
  }
  return `partitiond_guard_${hash.toString(16).padStart(16, '0').slice(-12)}`;
}
