import type { Range } from '../../partition/position.ts';
import type { QualifiedName } from '../../partition/qualified-name.ts';
import type { NamedIndex } from '../step.ts';
import type { Subject } from '../subject.ts';

export function indexesOfNew(_subject: Subject, _partition: QualifiedName, _range: Range): readonly NamedIndex[] {
  return [];
}
