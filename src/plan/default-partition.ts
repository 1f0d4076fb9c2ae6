/**
 * What the default partition means for a plan: whether a missing one is made, which guards a killed run left on it, and which new
 * partitions find their rows in it already: a few are moved when the policy manages it, many keep the partition from being made.
 */

import type { KeyCodec } from '../partition/key.ts';
import type { Evidence, PartitionTemplate } from '../partition/partition.ts';
import { defaultPartitionName } from '../partition/partition-name.ts';
import type { Range } from '../partition/position.ts';
import { formatQualifiedName, type QualifiedName } from '../partition/qualified-name.ts';
import { type Finding, warning } from './finding.ts';
import { type NameChoice, numbered, type Spelling } from './name-choice.ts';
import type { NewRange } from './provision.ts';
import type { CreateDefault, DropGuard } from './step.ts';
import type { Subject } from './subject.ts';
import { countOf, describeRange, enumerate } from './wording.ts';

/** True when the policy wants a default partition and the table has none. `keep` and `none` never make one. */
export function lacksDefault({ policy, lineup }: Subject): boolean {
  return policy.defaultPartition === 'managed' && lineup.defaultPartition === null;
}

/** The name of a default partition to be made, and its alternatives. */
export function spellDefault({ table }: Subject): Spelling {
  return numbered(defaultPartitionName(table.name.name));
}

/** The step that makes the missing default partition, after all range partitions, which then need no guard. */
export function planCreateDefault(
  subject: Subject,
  template: PartitionTemplate,
  names: NameChoice,
): { readonly step: CreateDefault; readonly finding: Finding | null } {
  const { table, policy } = subject;
  const { name, finding } = names.choose(spellDefault(subject));
  const step: CreateDefault = {
    kind: 'create-default',
    table: table.name,
    tableOid: table.oid,
    partition: name,
    range: null,
    template,
    storage: policy.storage,
    references: table.references,
    referencedBy: table.referencedBy,
    reason: 'the policy asks for a default partition, and there is none',
    task: 'provision',
  };
  return { step, finding };
}

/** Steps that remove guards which a killed run left; they would refuse rows that no partition takes. */
export function planDropGuards({ table, lineup }: Subject): readonly DropGuard[] {
  const partition = lineup.defaultPartition?.name;
  if (partition === undefined) return [];
  return table.leftoverGuards.map((constraint) => ({
    kind: 'drop-guard',
    table: table.name,
    tableOid: table.oid,
    partition,
    range: null,
    constraint,
    reason: 'a run that was killed left this guard on the default partition, where it refuses rows of its range',
    task: 'provision',
  }));
}

/** The ranges about which the default partition must be asked: those that could hold some of its rows. */
export function rangesInDoubt({ table }: Subject, ranges: readonly NewRange[]): readonly Range[] {
  const rows = table.defaultRows;
  if (rows === null || (rows.count === 0 && rows.isExact)) return [];
  const { min, max } = rows;
  return ranges
    .filter((range) => (max === null || range.from <= max) && (min === null || range.to > min))
    .map(({ from, to }) => ({ from, to }));
}

/** Splits new ranges into those that can be attached and those whose rows are in the default partition. */
export function splitBlocked(
  ranges: readonly NewRange[],
  { occupiedInDefault }: Pick<Evidence, 'occupiedInDefault'>,
): { readonly free: readonly NewRange[]; readonly blocked: readonly NewRange[] } {
  const occupied = new Set(occupiedInDefault.map(keyOf));
  const isBlocked = (range: Range): boolean => occupied.has(keyOf(range));
  return { free: ranges.filter((range) => !isBlocked(range)), blocked: ranges.filter(isBlocked) };
}

/**
 * The default partition when its rows may be moved within a step: it is managed, and all of its rows were counted (there are few). Not where
 * foreign keys refer to the table, whose actions a DELETE would set off, nor where a publication sends that DELETE, and not the INSERT into a table that
 * is no partition yet; and not when it is partitioned itself. Null: its rows stay.
 */
export function drainableDefault({ table, policy, lineup }: Subject): QualifiedName | null {
  const partition = lineup.defaultPartition;
  if (partition === null || partition.kind !== 'table' || policy.defaultPartition !== 'managed') return null;
  if (table.referencedBy.length > 0 || table.isDefaultPublished) return null;
  return table.defaultRows?.isExact === true ? partition.name : null;
}

/**
 * A finding when the default partition holds rows; tells how many, between which keys, and what they keep from being made (`blocked`) or go along with (`drained`). Where nobody
 * could look into it, one about what that keeps from being made.
 */
export function explainDefaultRows({ table, lineup }: Subject, blocked: readonly Range[], drained: readonly Range[]): readonly Finding[] {
  const rows = table.defaultRows;
  const partition = lineup.defaultPartition?.name;
  if (rows === null || partition === undefined) return [];
  const kept = enumerateRanges(table.codec, blocked);
  if (rows.count === 0) {
    if (blocked.length === 0) return [];
    const what = `${formatQualifiedName(partition)} could not be looked into (it is locked, reading it took too long, or the role lacks SELECT on it)`;
    const effect = `As it may hold rows of these partitions, they are not made: ${kept}.`;
    return [warning('rows-in-default', `${what}. ${effect} The next run looks again.`, partition)];
  }
  const count = rows.isExact ? countOf(rows.count, 'row') : `at least ${countOf(rows.count, 'row')}`;
  const where = rows.min === null || rows.max === null ? '' : `, from ${table.codec.display(rows.min)} to ${table.codec.display(rows.max)}`;
  const effect = blocked.length === 0 ? '' : ` They keep these partitions from being made: ${kept}.`;
  const along = enumerateRanges(table.codec, drained);
  const command = `\`partitiond migrate start --table ${formatQualifiedName(table.name)} --drain-default\``;
  const own = rows.isExact
    ? 'Move them to partitions of their own.'
    : `${command} moves them to partitions of their own, while the table is in use.`;
  const advice = drained.length === 0 ? own : `Those of these partitions move there when they are made: ${along}.`;
  return [warning('rows-in-default', `${formatQualifiedName(partition)} holds ${count}${where}.${effect} ${advice}`, partition)];
}

function enumerateRanges(codec: KeyCodec, ranges: readonly Range[]): string {
  return enumerate(ranges.map((range) => describeRange(codec, range)));
}

function keyOf({ from, to }: Range): string {
  return `${from} ${to}`;
}
