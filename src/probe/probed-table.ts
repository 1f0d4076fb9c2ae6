import type { QualifiedName } from '../partition/qualified-name.ts';

/** A managed table as plans speak of it: its partitions, and all that is below them. */
export interface ProbedTable {
  readonly oid: string;
  readonly name: QualifiedName;
  /** The partition key column as the catalog has it, and its type as `format_type` writes it. */
  readonly keyColumn: string;
  readonly keyType: string;
  /** Direct partitions, default and foreign ones included, pending detaches not; in the order of their bounds, or of their making where nobody asked. */
  readonly partitions: readonly ProbedPartition[];
}

export interface ProbedPartition {
  readonly name: QualifiedName;
  /** What holds its rows: itself, or the leaves of the tree below it. */
  readonly leaves: readonly QualifiedName[];
}
