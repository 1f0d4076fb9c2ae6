import { formatQualifiedName, type QualifiedName, quoteIdentifier } from '../../partition/qualified-name.ts';
import { locksOn } from '../foreign-key-locks.ts';
import type { Statement } from '../statement.ts';

/** Where a detached table goes. The new name comes first: it was chosen to be free in the target, where the old one may be taken. */
export function renderMove(from: QualifiedName, to: QualifiedName | null): readonly Statement[] {
  if (to === null) return [];
  const renamed = { schema: from.schema, name: to.name };
  const rename = {
    sql: `ALTER TABLE ${formatQualifiedName(from)} RENAME TO ${quoteIdentifier(to.name)}`,
    locks: locksOn([from], ['AccessExclusiveLock']),
    reason: 'its own name is taken where it goes',
  };
  const move = {
    sql: `ALTER TABLE ${formatQualifiedName(renamed)} SET SCHEMA ${quoteIdentifier(to.schema)}`,
    locks: locksOn([from], ['AccessExclusiveLock']),
    reason: 'detached tables are kept there',
  };
  return [...(to.name === from.name ? [] : [rename]), ...(to.schema === from.schema ? [] : [move])];
}
