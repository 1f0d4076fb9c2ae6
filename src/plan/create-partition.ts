import type { PartitionTemplate } from '../partition/partition.ts';
import { partitionName } from '../partition/partition-name.ts';
import type { QualifiedName } from '../partition/qualified-name.ts';
import { boundLiterals } from './bound-literals.ts';
import type { Finding } from './finding.ts';
import { guardName } from './guard-name.ts';
import { indexesOfNew } from './indexes/new-partition.ts';
import type { NameChoice, Spelling } from './name-choice.ts';
import type { NewRange, Provision } from './provision.ts';
import type { CreatePartition, DrainDefault } from './step.ts';
import type { Subject } from './subject.ts';
import { countOf } from './wording.ts';

/** The name that the policy's template gives to a new partition, and its alternatives. */
export function spellPartition({ policy, table }: Subject, range: NewRange): Spelling {
  return (ordinal) => partitionName(policy.name, table.name.name, table.codec, range, ordinal);
}

/**
 * Steps that make `ranges` of a provision, in their order: ascending, so that a run which is killed half-way leaves no hole that later
 * counts as the table's past. With a default partition each step guards it against the scan (see ddl/).
 */
export function planCreates(
  subject: Subject,
  provision: Provision,
  ranges: readonly NewRange[],
  template: PartitionTemplate,
  names: NameChoice,
): { readonly steps: readonly CreatePartition[]; readonly findings: readonly Finding[] } {
  const findings: Finding[] = [];
  const steps = ranges.map((range): CreatePartition => {
    const { name, finding } = names.choose(spellPartition(subject, range));
    if (finding !== null) findings.push(finding);
    const defaultPartition = subject.lineup.defaultPartition?.name ?? null;
    return {
      ...newPartition(subject, provision, range, template, name),
      kind: 'create-partition',
      guard: defaultPartition === null ? null : { defaultPartition, constraint: guardName(subject.table.oid, range) },
    };
  });
  return { steps, findings };
}

/** As `planCreates`, of ranges that have rows in the default partition: those move along. `defaultPartition` is where they are. */
export function planDrains(
  subject: Subject,
  provision: Provision,
  ranges: readonly NewRange[],
  template: PartitionTemplate,
  names: NameChoice,
  defaultPartition: QualifiedName,
): { readonly steps: readonly DrainDefault[]; readonly findings: readonly Finding[] } {
  const findings: Finding[] = [];
  const steps = ranges.map((range): DrainDefault => {
    const { name, finding } = names.choose(spellPartition(subject, range));
    if (finding !== null) findings.push(finding);
    const made = newPartition(subject, provision, range, template, name);
    return { ...made, kind: 'drain-default', defaultPartition, reason: `${made.reason}, and the default partition holds rows of it` };
  });
  return { steps, findings };
}

function newPartition(
  subject: Subject,
  provision: Provision,
  range: NewRange,
  template: PartitionTemplate,
  name: QualifiedName,
): Omit<DrainDefault, 'kind' | 'defaultPartition'> {
  const { table, policy } = subject;
  return {
    table: table.name,
    tableOid: table.oid,
    partition: name,
    range: { from: range.from, to: range.to },
    ...boundLiterals(table.codec, range),
    keyColumn: table.key.name,
    keyType: table.key.type,
    keyCollation: table.key.collation,
    template,
    storage: policy.storage,
    indexes: indexesOfNew(subject, name, range),
    references: table.references,
    referencedBy: table.referencedBy,
    reason: reasonFor(subject, provision, range),
    task: 'provision',
  };
}

function reasonFor(subject: Subject, provision: Provision, range: NewRange): string {
  const { table, policy, anchor, clock } = subject;
  const present = presentOf(subject);
  switch (range.why) {
    case 'clock':
      return `it holds ${present}, and no partition does`;
    case 'catch-up':
      return `every range up to ${present} needs a partition, and this one has none`;
    case 'data':
      return `rows up to ${table.codec.display(anchor)} exist, and this range has no partition`;
    case 'ahead': {
      const from = anchor > clock ? `the newest row (${table.codec.display(anchor)})` : present;
      return `${countOf(policy.premake, 'partition')} ahead of ${from} ${policy.premake === 1 ? 'is' : 'are'} asked for, ${provision.existingAhead} exist${provision.existingAhead === 1 ? 's' : ''}`;
    }
    case 'hole':
      return 'there is a hole between existing partitions';
  }
}

/** What `premake` counts from, in words. */
function presentOf({ table, startFrom, clock }: Subject): string {
  const position = table.codec.display(clock);
  if (clock === startFrom) return `the start (${position})`;
  if (table.codec.axis === 'time') return `now (${position})`;
  return table.newest.position === null ? `the first key (${position})` : `the newest key (${position})`;
}
