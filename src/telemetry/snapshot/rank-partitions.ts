import type { PartitionColumns } from './partition-columns.ts';

/**
 * Indexes of the `count` partitions that matter most: the current one, the next, the default, those on hold, then the largest; of equal ones
 * the later. `bytes` is aligned with `columns`. Without sorting all: of 100,000 partitions a handful is wanted.
 */
export function rankPartitions(columns: PartitionColumns, bytes: Float64Array, count: number): readonly number[] {
  const special: number[] = [];
  for (const [index, rank] of columns.rank.entries()) if (rank > 0) special.push(index);
  special.sort((a, b) => (columns.rank[b] ?? 0) - (columns.rank[a] ?? 0) || bySize(bytes)(a, b));
  const ranked = special.slice(0, count);
  return [...ranked, ...largest(columns, bytes, count - ranked.length)];
}

/** Of the ordinary partitions. */
function largest(columns: PartitionColumns, bytes: Float64Array, count: number): readonly number[] {
  if (count <= 0) return [];
  const sizes = bytes.filter((_, index) => columns.rank[index] === 0).toSorted();
  const least = sizes[Math.max(0, sizes.length - count)] ?? 0;
  const above: number[] = [];
  const equal: number[] = [];
  for (let index = columns.count - 1; index >= 0; index -= 1) {
    const size = bytes[index] ?? 0;
    if (columns.rank[index] !== 0 || size < least) continue;
    if (size > least) above.push(index);
    else if (equal.length < count) equal.push(index);
  }
  return [...above.toSorted(bySize(bytes)), ...equal].slice(0, count);
}

function bySize(bytes: Float64Array): (a: number, b: number) => number {
  return (a, b) => (bytes[b] ?? 0) - (bytes[a] ?? 0) || b - a;
}
