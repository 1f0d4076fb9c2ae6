import type { PartitionTemplate } from '../partition/partition.ts';
import type { IndexPolicy, UpkeepLimits } from '../partition/policy.ts';
import type { EpochMicros, Range } from '../partition/position.ts';
import type { QualifiedName } from '../partition/qualified-name.ts';
import type { FrozenMark } from '../partition/upkeep.ts';

/**
 * One change, complete in itself: a step holds everything that ddl/ needs to render it, so that a printed plan is what will be run.
 * `kind` is the contract's word. Texts of bounds are literals as the codec formats them, unquoted; null stands for MINVALUE / MAXVALUE.
 */
export type Step = CreatePartition | CreateDefault | DrainDefault | FinalizeDetach | DetachPartition | DropTable | DropGuard | UpkeepStep;
export type StepKind = Step['kind'];

/** Steps of the tasks `maintenance` and `index`, which run side by side for different partitions. */
export type UpkeepStep = Vacuum | Analyze | Reindex | CreateIndex | AttachIndex | DropIndex;

/** Tasks of the schedule that a step can belong to (`apply --only`). */
export type Task = 'provision' | 'retention' | 'maintenance' | 'index';

interface StepBase {
  /** The partitioned table. */
  readonly table: QualifiedName;
  readonly tableOid: string;
  /** The table the step makes, changes or removes. */
  readonly partition: QualifiedName;
  /** Null when the step is about no range (create-default, drop-guard). */
  readonly range: Range | null;
  readonly reason: string;
  readonly task: Task;
}

/** A range partition to be made. */
interface NewPartition extends StepBase {
  readonly range: Range;
  readonly from: string | null;
  readonly to: string | null;
  readonly keyColumn: string;
  /** Type of the key column for casts in the CHECK, for example `timestamp with time zone`. */
  readonly keyType: string;
  readonly keyCollation: string | null;
  readonly template: PartitionTemplate;
  /** Policy's `storage`, laid over the template's. */
  readonly storage: Readonly<Record<string, string>>;
  /** Independent indexes that the policy asks for on partitions like this one; those of the partitioned table come with ATTACH. */
  readonly indexes: readonly NamedIndex[];
  /** Tables referenced by foreign keys, which ATTACH locks. */
  readonly references: readonly QualifiedName[];
  /** Tables with a foreign key to this one, which ATTACH and DETACH lock too (measured on 18). */
  readonly referencedBy: readonly QualifiedName[];
}

export interface CreatePartition extends NewPartition {
  readonly kind: 'create-partition';
  /** The default partition to guard, with the constraint's name; null when there is none. */
  readonly guard: { readonly defaultPartition: QualifiedName; readonly constraint: string } | null;
}

/** Makes a partition whose rows are in the default partition, and moves them there in the same transaction. Never planned for more than a few. */
export interface DrainDefault extends NewPartition {
  readonly kind: 'drain-default';
  readonly defaultPartition: QualifiedName;
}

export interface CreateDefault extends StepBase {
  readonly kind: 'create-default';
  readonly template: PartitionTemplate;
  readonly storage: Readonly<Record<string, string>>;
  readonly references: readonly QualifiedName[];
  /** Tables with a foreign key to this one, which ATTACH and DETACH lock too (measured on 18). */
  readonly referencedBy: readonly QualifiedName[];
}

/** Completes an interrupted DETACH CONCURRENTLY; the table then is a detached one like any other. */
export interface FinalizeDetach extends StepBase {
  readonly kind: 'finalize-detach';
  readonly partitionOid: string;
  readonly range: Range | null;
  /** The bound as literals, as the codec formats them (null = MINVALUE / MAXVALUE): what the journal remembers of the table. */
  readonly from: string | null;
  readonly to: string | null;
  /** Where the detached table goes; null leaves it. */
  readonly moveTo: QualifiedName | null;
  /** As of `DetachPartition`, by the policy that completes the detach. */
  readonly dropAfter: EpochMicros | null;
  readonly references: readonly QualifiedName[];
  /** Tables with a foreign key to this one, which ATTACH and DETACH lock too (measured on 18). */
  readonly referencedBy: readonly QualifiedName[];
}

export interface DetachPartition extends StepBase {
  readonly kind: 'detach-partition';
  readonly partitionOid: string;
  readonly range: Range;
  /** The bound as literals, as the codec formats them (null = MINVALUE / MAXVALUE): what the journal remembers of the table. */
  readonly from: string | null;
  readonly to: string | null;
  /** DETACH CONCURRENTLY where PostgreSQL allows it: without a default partition. */
  readonly concurrently: boolean;
  readonly defaultPartition: QualifiedName | null;
  readonly moveTo: QualifiedName | null;
  /**
   * Not dropped before, and then only as far as the policy of that day asks for it; null: never by partitiond, whatever a later policy says
   * (`action: detach`).
   */
  readonly dropAfter: EpochMicros | null;
  readonly references: readonly QualifiedName[];
  /** Tables with a foreign key to this one, which ATTACH and DETACH lock too (measured on 18). */
  readonly referencedBy: readonly QualifiedName[];
}

/** Drops a detached table; never an attached partition. */
export interface DropTable extends StepBase {
  readonly kind: 'drop-table';
  readonly partitionOid: string;
  readonly range: Range;
  /** The bound as literals, as the codec formats them (null = MINVALUE / MAXVALUE): what the journal remembers of the table. */
  readonly from: string | null;
  readonly to: string | null;
  readonly references: readonly QualifiedName[];
}

/** Removes a guard constraint that a killed run left on the default partition (`partition` is the default partition). */
export interface DropGuard extends StepBase {
  readonly kind: 'drop-guard';
  readonly constraint: string;
}

/** An index of one relation: its name, and what the policy asks for. */
export interface NamedIndex {
  readonly index: QualifiedName;
  readonly definition: IndexPolicy;
}

/**
 * `partition` is the relation that is worked on, of whatever level: a partition, one of its own partitions, or the partitioned table itself
 * (then `partitionOid` equals `tableOid`). `range` is that of the partition it belongs to.
 */
interface UpkeepBase extends StepBase {
  readonly partitionOid: string;
  readonly limits: UpkeepLimits;
}

export interface Vacuum extends UpkeepBase {
  readonly kind: 'vacuum';
  readonly freeze: boolean;
  readonly analyze: boolean;
  /** What to remember once it is frozen for having closed; null: nothing. */
  readonly frozen: FrozenMark | null;
}

export interface Analyze extends UpkeepBase {
  readonly kind: 'analyze';
  /** The partitioned table itself: without its partitions where the server can (18). */
  readonly isParent: boolean;
}

/** REINDEX INDEX CONCURRENTLY. */
export interface Reindex extends UpkeepBase {
  readonly kind: 'reindex';
  readonly index: QualifiedName;
  readonly indexOid: string;
}

export interface CreateIndex extends UpkeepBase, NamedIndex {
  readonly kind: 'create-index';
  /**
   * only: ON ONLY a partitioned table, brief, invalid until every partition has attached its own. concurrently: on a table that others use.
   */
  readonly how: 'only' | 'concurrently';
}

/** Makes an index of a partition part of the parent's, of the same shape. */
export interface AttachIndex extends UpkeepBase {
  readonly kind: 'attach-index';
  readonly index: QualifiedName;
  readonly parentIndex: QualifiedName;
}

export interface DropIndex extends UpkeepBase {
  readonly kind: 'drop-index';
  readonly index: QualifiedName;
  readonly indexOid: string;
  /** Not for an index of a partitioned table, which goes with those of its partitions (brief, but locks them all). */
  readonly concurrently: boolean;
}

export function isUpkeep(step: Step): step is UpkeepStep {
  return step.task === 'maintenance' || step.task === 'index';
}

/** Steps that remove rows from the table's view or from the database; they count against `safety.maxRemovals`. */
export function isDestructive(step: Step): boolean {
  return step.kind === 'detach-partition' || step.kind === 'drop-table';
}
