import { cutToBytes, maxIdentifierBytes } from '../../../partition/identifier.ts';
import type { QualifiedName } from '../../../partition/qualified-name.ts';

/**
 * What the source's `index` is called on a partition: `revenues_org_idx` becomes `revenues_2024_q4_org_idx`, any other name is put behind the
 * partition's. `ordinal` above 1 is appended; what does not fit is cut off the middle, the partition's name.
 */
export function partitionIndexName(table: QualifiedName, index: string, partition: QualifiedName, ordinal: number): string {
  const own = index.startsWith(`${table.name}_`) ? index.slice(table.name.length) : `_${index}`;
  const suffix = `${cutToBytes(own, maxIdentifierBytes / 2)}${ordinal > 1 ? `_${ordinal}` : ''}`;
  const room = maxIdentifierBytes - new TextEncoder().encode(suffix).length;
  return cutToBytes(partition.name, room) + suffix;
}
