import { quoteLiteral } from '../../partition/literal.ts';
import type { PartitionTemplate } from '../../partition/partition.ts';
import { formatQualifiedName, type QualifiedName } from '../../partition/qualified-name.ts';
import { quoteBody } from '../quote.ts';
import type { Statement } from '../statement.ts';

/**
 * Runs after ATTACH, which makes the parent's indexes under names that PostgreSQL picks. An index made before would do for a plain unique
 * index, but where a constraint owns the parent's, ATTACH takes no index without a constraint and would build a second one (measured, 18).
 * So the index is looked up by its definition, and made only when the parent has none like it.
 */
export function renderReplicaIdentity(partition: QualifiedName, identity: PartitionTemplate['replicaIdentity']): readonly Statement[] {
  const table = formatQualifiedName(partition);
  const reason = 'replica identity as on the parent';
  switch (identity.kind) {
    case 'default':
      return [];
    case 'full':
    case 'nothing':
      return [{ sql: `ALTER TABLE ${table} REPLICA IDENTITY ${identity.kind === 'full' ? 'FULL' : 'NOTHING'}`, locks: [], reason }];
    case 'index':
      return [{ sql: `DO ${quoteBody(identityByIndex(table, identity.definition.trim()))}`, locks: [], reason }];
    default:
      return unknownIdentity(identity);
  }
}

/** search_path decides how pg_get_indexdef prints; the template was read under the same one. */
function identityByIndex(table: string, definition: string): string {
  return `
DECLARE
  relation pg_catalog.regclass := ${quoteLiteral(table)};
  definition pg_catalog.text := ${quoteLiteral(` ${definition}`)};
  chosen pg_catalog.name;
BEGIN
  PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
  SELECT c.relname INTO chosen
  FROM pg_catalog.pg_index AS i
  JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
  WHERE i.indrelid = relation
    AND i.indisunique
    AND pg_catalog.right(pg_catalog.pg_get_indexdef(i.indexrelid), pg_catalog.length(definition)) = definition
  ORDER BY i.indexrelid
  LIMIT 1;
  IF NOT FOUND THEN
    CREATE UNIQUE INDEX ON ${table} ${definition};
    SELECT c.relname INTO chosen
    FROM pg_catalog.pg_index AS i
    JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
    WHERE i.indrelid = relation
    ORDER BY i.indexrelid DESC
    LIMIT 1;
  END IF;
  EXECUTE pg_catalog.format('ALTER TABLE %s REPLICA IDENTITY USING INDEX %I', ${quoteLiteral(table)}, chosen);
END
`;
}

function unknownIdentity(identity: never): never {
  throw new TypeError(`unknown replica identity ${String(identity)}`);
}
