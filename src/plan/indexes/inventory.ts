import type { RangePartition } from '../../partition/partition.ts';
import type { IndexPolicy, UpkeepLimits } from '../../partition/policy.ts';
import type { Range } from '../../partition/position.ts';
import { formatQualifiedName, type QualifiedName } from '../../partition/qualified-name.ts';
import type { IndexFacts, IndexMark, RelationFacts, UpkeepFacts } from '../../partition/upkeep.ts';
import { groupBy } from '../group-by.ts';
import type { Subject } from '../subject.ts';
import { hasShape, isSpelledAs } from './same-shape.ts';

/** The partitioned table itself, or a relation below it. */
export type Place = Pick<RelationFacts, 'oid' | 'name' | 'kind' | 'mayReindex'> & {
  readonly rootOid: string | null;
  readonly parentOid: string | null;
};

/** The relations and indexes of one table, arranged for the questions that a roll-out asks. What leaves the table is not among them. */
export interface Inventory {
  readonly subject: Subject;
  readonly facts: UpkeepFacts;
  readonly leaving: ReadonlySet<string>;
  readonly table: Place;
  readonly limits: UpkeepLimits;
  /** Ordinary tables that hold rows, those of the newest partition first, default and unreadable partitions last. */
  readonly leaves: readonly Place[];
  /** Relations directly below, newest first. */
  below(oid: string): readonly Place[];
  place(oid: string): Place | undefined;
  indexesOf(oid: string): readonly IndexFacts[];
  indexNamed(name: QualifiedName): IndexFacts | undefined;
  /** The mark of an index that the policy asked for once. */
  markOf(index: IndexFacts): IndexMark | undefined;
  /** Whether a REINDEX of it met keys that are not unique. */
  hasFailed(index: IndexFacts): boolean;
  /** Marked otherwise under the policy's name it is not, even where the shape is the same: the policy has been changed. */
  isAsAsked(index: IndexFacts, wanted: IndexPolicy): boolean;
  /** Of the partition that a relation is or belongs to; null: it has none, or is the table itself. */
  rangeOf(place: Place): Range | null;
}

/** Where the policy has no block `maintenance`, index builds keep to what is its default. */
const defaultLimits: UpkeepLimits = {
  concurrency: 2,
  window: null,
  costDelayMs: null,
  costLimit: null,
  maxReplicationLagMs: 30_000,
  maxLockWaiters: 10,
};

export function takeInventory(subject: Subject, facts: UpkeepFacts, leaving: ReadonlySet<string>): Inventory {
  const { table, lineup, policy } = subject;
  const newestFirst = lineup.ranges.toReversed();
  const ranks = new Map(newestFirst.map(({ oid }, rank) => [oid, rank]));
  const rankOf = ({ rootOid }: RelationFacts): number => ranks.get(rootOid) ?? newestFirst.length;
  const staying = facts.relations.filter(({ rootOid }) => !leaving.has(rootOid)).toSorted((a, b) => rankOf(a) - rankOf(b));
  const self: Place = {
    oid: table.oid,
    name: table.name,
    kind: 'partitioned',
    mayReindex: facts.mayCreateIndexes,
    rootOid: null,
    parentOid: null,
  };
  const places = new Map<string, Place>([[self.oid, self], ...staying.map((one) => [one.oid, one] as const)]);
  const children = groupBy(staying, ({ parentOid }) => parentOid);
  const indexes = groupBy(facts.indexes, ({ relationOid }) => relationOid);
  const names = new Map(facts.indexes.map((index) => [formatQualifiedName(index.name), index]));
  const marks = new Map(facts.marks.indexes.map((mark) => [markKey(mark.relationOid, mark.index), mark]));
  const markOf = (index: IndexFacts): IndexMark | undefined => {
    const mark = marks.get(markKey(index.relationOid, index.name));
    return mark === undefined || mark.policyName === null ? undefined : mark;
  };
  return {
    subject,
    facts,
    leaving,
    table: self,
    limits: policy.maintenance?.limits ?? defaultLimits,
    leaves: staying.filter(({ kind }) => kind === 'table'),
    below: (oid) => children.get(oid) ?? [],
    place: (oid) => places.get(oid),
    indexesOf: (oid) => indexes.get(oid) ?? [],
    indexNamed: (name) => names.get(formatQualifiedName(name)),
    markOf,
    hasFailed: ({ relationOid, name }) => marks.get(markKey(relationOid, name))?.state === 'failed',
    isAsAsked(index, wanted) {
      const mark = markOf(index);
      if (mark !== undefined && mark.definition !== null && mark.policyName === wanted.name)
        return isSpelledAs(mark.definition, index, wanted);
      return hasShape(index, wanted);
    },
    rangeOf: ({ rootOid }) => rangeOf(newestFirst[ranks.get(rootOid ?? '') ?? -1]),
  };
}

function rangeOf(partition: RangePartition | undefined): Range | null {
  return partition === undefined ? null : { from: partition.bound.from, to: partition.bound.to };
}

function markKey(relationOid: string, index: QualifiedName): string {
  return `${relationOid} ${formatQualifiedName(index)}`;
}
