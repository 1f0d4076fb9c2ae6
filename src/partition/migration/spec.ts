import type { QualifiedName } from '../qualified-name.ts';
import type { TableDefinition } from './definition.ts';
import type { Capture, Strategy, Waiver } from './policy.ts';

/** In the order in which they are passed through; a rollback leads from `switched` back to `ready`. */
export const migrationPhases = [
  'planned',
  'prepare',
  'backfill',
  'catch-up',
  'index',
  'verify',
  'ready',
  'switched',
  'finished',
  'aborted',
] as const;
export type MigrationPhase = (typeof migrationPhases)[number];

/** Which side takes the application's writes; the other follows. */
export type Live = 'source' | 'target';

export interface ColumnRef {
  readonly name: string;
  /** With modifiers, as SQL writes it in a cast. */
  readonly type: string;
  /** Quoted for SQL, when it is not the type's own; else null. */
  readonly collation: string | null;
}

/** An object of the table whose name both sides want: `name` is what the application knows, whoever is live has it. */
export interface NamePair {
  readonly kind: 'index' | 'constraint' | 'sequence' | 'statistics';
  readonly name: string;
  /** What the target calls its own before the switch. */
  readonly targetName: string;
  /** What the source calls its own after it. */
  readonly oldName: string;
}

/**
 * One migration as it was planned; stored in the journal and never changed afterwards, so that every later process does the same thing. The
 * table's name always means the live side: the other one is `targetName` before the switch, `oldName` after it.
 */
export interface MigrationSpec {
  /** Whole table; neighbouring partitions (split, merge); the default partition. */
  readonly subject: 'table' | 'partitions' | 'default';
  readonly strategy: Strategy;
  readonly capture: Capture;
  readonly table: QualifiedName;
  readonly targetName: QualifiedName;
  readonly oldName: QualifiedName;
  /** All columns that are written (generated ones left out), in the source's order. */
  readonly columns: readonly ColumnRef[];
  /** All columns that are compared: those and the stored generated ones. */
  readonly comparedColumns: readonly ColumnRef[];
  /** Whether all compared columns have a hash; else row texts are compared. */
  readonly isHashable: boolean;
  /** An immediate, NOT NULL unique key of the source: primary key if there is one. */
  readonly key: readonly ColumnRef[];
  readonly partitionKey: ColumnRef;
  /** Both sides' names of what is renamed in the switch. */
  readonly names: readonly NamePair[];
  /** The source as it was when the migration was planned. */
  readonly definition: TableDefinition;
  readonly waived: readonly Waiver[];
  readonly isIdentityKept: boolean;
  /** Of subjects `partitions` and `default`, absent else. */
  readonly regrain?: Regrain;
}

/** Neighbouring partitions that give their rows to others over the same range; or the default partition, which gives them to new ones and a new default. */
export interface Regrain {
  readonly sources: readonly RegrainSource[];
  readonly targets: readonly RegrainRange[];
  /** `RANGE (occurred_at)`, as `pg_get_partkeydef` prints it. */
  readonly partitionBy: string;
  /** On the table's columns: that a row lies in the range. */
  readonly condition: string;
  /** Of subject `default`, absent else: oids of the table's other partitions, beside which a default partition's condition is what it was planned to be. */
  readonly others?: readonly string[];
  /** Begun by a daemon, because the entry lets it manage the default partition: it is also switched and finished by one. */
  readonly isAutomatic?: boolean;
}

/** A partition with the literals of its bound, as steps carry them; null: MINVALUE, MAXVALUE. */
export interface RegrainRange {
  readonly name: QualifiedName;
  readonly from: string | null;
  readonly to: string | null;
  /** Of a default partition alone, which has no ends: the condition, on the table's columns, that no other partition takes a row. */
  readonly rest?: string;
}

export interface RegrainSource extends RegrainRange {
  readonly oid: string;
}

/** One side as SQL addresses it at a moment: where its rows are read and written. */
export interface Side {
  readonly is: Live;
  readonly name: QualifiedName;
  /** Read and written with ONLY: an ordinary table. */
  readonly isOnly: boolean;
}

/** Both sides by their present names. */
export interface Sides {
  readonly live: Side;
  readonly follower: Side;
}

/**
 * Of partitions that are re-grained the table itself is the live side, before the switch and after it, as far as the range goes; what follows is
 * in the partitioned table beside it, first the new partitions, then the old ones. A default partition is one table, and before the switch the
 * live side alone.
 */
export function sidesOf(spec: MigrationSpec, live: Live): Sides {
  if (spec.regrain !== undefined) {
    const follower: Side = { is: live === 'source' ? 'target' : 'source', name: spec.targetName, isOnly: false };
    const fallback = live === 'source' ? spec.regrain.sources.find(({ rest }) => rest !== undefined) : undefined;
    return { live: { is: live, name: fallback?.name ?? spec.table, isOnly: fallback !== undefined }, follower };
  }
  const source: Side = { is: 'source', name: live === 'source' ? spec.table : spec.oldName, isOnly: true };
  const target: Side = { is: 'target', name: live === 'target' ? spec.table : spec.targetName, isOnly: false };
  return live === 'source' ? { live: source, follower: target } : { live: target, follower: source };
}

/** The key's columns and the partition key, each once. */
export function positionColumns({ key, partitionKey }: MigrationSpec): readonly ColumnRef[] {
  return key.some(({ name }) => name === partitionKey.name) ? key : [...key, partitionKey];
}
