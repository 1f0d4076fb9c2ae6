/** What a plan needs beside the definition: sizes, the range of the partition key, the session's rights, the server's state. */
export interface Circumstances {
  readonly serverVersion: number;
  readonly role: string;
  readonly isOwner: boolean;
  /** Whose rights are not to be granted to anybody. */
  readonly isOwnerSuperuser: boolean;
  /** USAGE on its schema and SELECT on it; without, the range of the partition key is not read. */
  readonly mayRead: boolean;
  readonly mayCreateIn: boolean;
  readonly heapBytes: number;
  readonly totalBytes: number;
  readonly blocks: number;
  /** Null: never analysed. */
  readonly estimatedRows: number | null;
  /** Of the partition key, as text; null: the table is empty. Read by an index where there is one. */
  readonly minKey: string | null;
  readonly maxKey: string | null;
  /** Rows without a partition key, counted exactly; 0 without looking when the column is NOT NULL. */
  readonly nullKeys: number;
  /** Replication slots with the WAL that each holds back, bytes. */
  readonly slots: readonly { readonly name: string; readonly retainedBytes: number | null }[];
  /** Sessions whose transaction is older than a minute, for people. */
  readonly longTransactions: readonly string[];
  /** Names among those asked about that some relation, constraint or type in the schema already has. */
  readonly takenNames: readonly string[];
  /** Of `migration.readSchemas`, in that order; empty where none are asked for. */
  readonly readSchemas: readonly ReadSchemaPlace[];
}

/** A schema in which a view of the table's own name is to be made. */
export interface ReadSchemaPlace {
  readonly schema: string;
  readonly exists: boolean;
  /** The view in it, or the schema itself in the database. */
  readonly mayCreate: boolean;
  /** Something of the table's name is in it, and no migration has made it. */
  readonly isTaken: boolean;
}
