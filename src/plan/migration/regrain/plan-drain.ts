/**
 * Decides how a default partition that holds many rows is emptied: as one table that changes places with the partitions its rows need and with a new
 * default partition for the rest. So no row is deleted or moved under a lock, however many there are.
 */
import { isRangePartition, type Partition } from '../../../partition/partition.ts';
import { defaultPartitionName } from '../../../partition/partition-name.ts';
import { compareEdges, type Position, type Range } from '../../../partition/position.ts';
import { formatQualifiedName, type QualifiedName } from '../../../partition/qualified-name.ts';
import { boundLiterals } from '../../bound-literals.ts';
import { nameChoice, numbered } from '../../name-choice.ts';
import { countOf, enumerate } from '../../wording.ts';
import { refuse } from '../migration-case.ts';
import type { MigrationPlan, Refusal } from '../migration-plan.ts';
import { restOf } from './drain-cells.ts';
import { type LaidOut, planExchange, targetsOf } from './plan-regrain.ts';
import type { RegrainCase } from './regrain-case.ts';

/** More partitions in one switch would hold its locks for too long. */
const mostPieces = 1_000;

/** What was found in the default partition. */
export interface DrainRequest {
  readonly fallback: Partition;
  /** Cells that hold rows and no partition, ascending. */
  readonly occupied: readonly Range[];
  /** Rows beyond it are too far ahead to be believed. */
  readonly horizon: Position;
}

/** The table's default partition, or why there is none that could be emptied. Pure, like all here. */
export function drainable({ name, partitions }: RegrainCase['table']): Partition | Refusal {
  const fallback = partitions.find(({ bound }) => bound.kind === 'default');
  const table = formatQualifiedName(name);
  if (fallback === undefined) return refuse(table, 'It has no default partition, so there is nothing to drain.');
  const unreadable = partitions.find(({ bound }) => bound.kind === 'unreadable');
  if (unreadable !== undefined) return refuse(formatQualifiedName(unreadable.name), 'Its bound cannot be read.');
  if (fallback.kind !== 'table') return refuse(formatQualifiedName(fallback.name), 'It is partitioned itself, or foreign.');
  const pending = partitions.find(({ isDetachPending }) => isDetachPending);
  if (pending !== undefined) return refuse(formatQualifiedName(pending.name), 'It is about to be detached. Finish that first.');
  return fallback;
}

export function planDrain(subject: RegrainCase, request: DrainRequest | Refusal): MigrationPlan {
  return { ...decide(subject, request), request: '--drain-default' };
}

function decide(subject: RegrainCase, request: DrainRequest | Refusal): MigrationPlan {
  if ('message' in request) return planExchange(subject, null, [request]);
  const { fallback, occupied, horizon } = request;
  if (occupied.length > 0) return planExchange(subject, layOut(subject, request), []);
  const beyond = `no row up to ${subject.table.codec.display(horizon)} that needs a partition`;
  return planExchange(subject, null, [refuse(formatQualifiedName(fallback.name), `It holds ${beyond}, so there is nothing to drain.`)]);
}

function layOut(subject: RegrainCase, { fallback, occupied }: DrainRequest): LaidOut {
  const { table } = subject;
  const pieces = occupied.slice(-mostPieces);
  const names = nameChoice(table.name.schema, table.partitions, subject.takenNames);
  const { targets, partitions } = targetsOf(subject, pieces, names);
  const others = table.partitions.filter(isRangePartition);
  const taken = others.map(({ bound }): Range => bound);
  const condition = outside(subject, taken);
  const successor = names.choose(numbered(defaultPartitionName(table.name.name))).name;
  const regrain = {
    sources: [{ oid: fallback.oid, name: fallback.name, from: null, to: null, rest: condition }],
    targets: [...targets, { name: successor, from: null, to: null, rest: outside(subject, [...taken, ...pieces]) }],
    partitionBy: subject.partitionBy,
    condition,
    others: others.map(({ oid }) => oid).toSorted(),
  };
  const notes = [
    aboutOf(fallback.name, targets, successor),
    ...(pieces.length < occupied.length
      ? [`Only the last ${countOf(mostPieces, 'partition')} are made; drain once more for the rest.`]
      : []),
  ];
  return { subject: 'default', regrain, partitions, notes, bytes: fallback.estimatedBytes };
}

/** That a row lies in none of `ranges`; neighbours count as one, by which PostgreSQL has less to prove. */
function outside({ table, renderCondition }: RegrainCase, ranges: readonly Range[]): string {
  const rest = restOf(ranges.toSorted((a, b) => compareEdges(a.from, b.from)));
  if (rest.length === 0) return 'false';
  return rest.map((range) => `(${renderCondition(boundLiterals(table.codec, range))})`).join(' OR ');
}

function aboutOf(fallback: QualifiedName, targets: readonly { readonly name: QualifiedName }[], successor: QualifiedName): string {
  const named = enumerate(targets.map(({ name }) => formatQualifiedName(name)));
  const what = `The rows of ${formatQualifiedName(fallback)} go to ${countOf(targets.length, 'partition')} of their own: ${named}`;
  return `${what}. What belongs to none goes to a new default partition, ${formatQualifiedName(successor)}.`;
}
