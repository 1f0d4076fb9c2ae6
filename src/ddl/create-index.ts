import { indexClauses } from '../partition/index-definition.ts';
import { formatQualifiedName, type QualifiedName, quoteIdentifier } from '../partition/qualified-name.ts';
import type { NamedIndex } from '../plan/step.ts';

/**
 * CREATE INDEX as the policy asks for it. plain: others wait for it. An index always lies in the schema of its table, so its name has none.
 * Never IF NOT EXISTS, which takes whatever has the name for the index that is asked for.
 */
export function createIndexSql(how: 'plain' | 'only' | 'concurrently', relation: QualifiedName, { index, definition }: NamedIndex): string {
  const words = ['CREATE', ...(definition.isUnique ? ['UNIQUE'] : []), 'INDEX', ...(how === 'concurrently' ? ['CONCURRENTLY'] : [])];
  const on = how === 'only' ? 'ON ONLY' : 'ON';
  return `${words.join(' ')} ${quoteIdentifier(index.name)} ${on} ${formatQualifiedName(relation)} ${indexClauses(definition)}`;
}
