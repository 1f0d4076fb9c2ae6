import { formatQualifiedName, type QualifiedName, quoteIdentifier } from '../../partition/qualified-name.ts';
import type { Statement } from '../statement.ts';

export function renderOwner(partition: QualifiedName, owner: string): Statement {
  return {
    sql: `ALTER TABLE ${formatQualifiedName(partition)} OWNER TO ${quoteIdentifier(owner)}`,
    locks: [],
    reason: 'the same owner as the parent',
  };
}
