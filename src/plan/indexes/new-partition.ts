import { indexNameOn } from '../../partition/index-definition.ts';
import type { Range } from '../../partition/position.ts';
import type { QualifiedName } from '../../partition/qualified-name.ts';
import type { NamedIndex } from '../step.ts';
import type { Subject } from '../subject.ts';
import { subsetOf } from './indexed-partitions.ts';

/**
 * The indexes of its own that a new partition gets when it is made: those of the subsets it belongs to. Indexes of the partitioned table come
 * with ATTACH, also while they are rolled out.
 */
export function indexesOfNew(subject: Subject, partition: QualifiedName, range: Range): readonly NamedIndex[] {
  return subject.policy.indexes
    .filter(({ partitions }) => partitions.kind !== 'all' && subsetOf(subject, partitions)?.(range) === true)
    .map((definition) => ({ index: indexNameOn(definition.name, partition), definition }));
}
