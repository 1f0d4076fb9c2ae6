import type { PartitionedTable } from '../partition/partition.ts';
import type { TablePolicy } from '../partition/policy.ts';
import type { QualifiedName } from '../partition/qualified-name.ts';
import { spellPartition } from './create-partition.ts';
import { lacksDefault, rangesInDoubt, spellDefault } from './default-partition.ts';
import { candidateNames, numbered } from './name-choice.ts';
import type { Questions } from './plan.ts';
import type { PlanContext } from './plan-context.ts';
import { planProvision } from './provision.ts';
import { findExpired } from './retention.ts';
import { type Subject, subjectOf } from './subject.ts';

const none: Questions = { defaultRanges: [], referencedOids: [], names: [], needsTemplate: false };

/**
 * What `planTable` will need to know for the same arguments, beyond the snapshot. Asks nothing when nothing is to be done, whatever the
 * tasks: findings depend on the answers too. Pure, throws nothing.
 */
export function questions(policy: TablePolicy, table: PartitionedTable, context: PlanContext): Questions {
  const subject = subjectOf(policy, table, context);
  if ('problem' in subject) return none;
  const { ranges } = planProvision(subject);
  const { removable } = findExpired(subject);
  const needsDefault = lacksDefault(subject);
  const { schema } = table.name;
  return {
    defaultRanges: rangesInDoubt(subject, ranges),
    referencedOids: table.referencedBy.length === 0 ? [] : removable.map((partition) => partition.oid),
    names: [
      ...candidateNames(
        schema,
        ranges.map((range) => spellPartition(subject, range)),
      ),
      ...candidateNames(schema, needsDefault ? [spellDefault(subject)] : []),
      ...moves(subject, [...subject.lineup.pending, ...removable]),
    ],
    needsTemplate: needsDefault || ranges.length > 0,
  };
}

function moves({ policy }: Subject, leaving: readonly { readonly name: QualifiedName }[]): readonly QualifiedName[] {
  const schema = policy.retention?.schema ?? null;
  if (schema === null) return [];
  const moving = leaving.filter(({ name }) => name.schema !== schema);
  return candidateNames(
    schema,
    moving.map(({ name }) => numbered(name.name)),
  );
}
