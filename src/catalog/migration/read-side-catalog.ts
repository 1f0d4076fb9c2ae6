import type { SideCatalog } from '../../partition/migration/side-catalog.ts';
import { formatQualifiedName, quoteIdentifier } from '../../partition/qualified-name.ts';
import type { Session } from '../../postgres/session.ts';
import { decodeSideCatalog, type SideCatalogRow, sideCatalogSql } from './facts/side-catalog.sql.ts';

/**
 * What can be compared of one relation, by its oid; null when there is none. Two relations that differ in their own names alone give equal lists,
 * but for the names of indexes and constraints. Takes AccessShareLock, for deparsing.
 */
export async function readSideCatalog(
  session: Session,
  relation: { readonly oid: string },
  signal: AbortSignal,
): Promise<SideCatalog | null> {
  const [found] = await session.rows(sideCatalogSql, [relation.oid], decodeSideCatalog, signal);
  if (found === undefined) return null;
  const nameless = namelessFor(found);
  return {
    oid: found.oid,
    name: { schema: found.schema, name: found.name },
    indexes: found.indexes
      .map((index) => {
        const plain = { ...index, keys: index.keys.map(nameless), rest: index.rest.map(nameless) };
        return { ...plain, description: describe(plain) };
      })
      .toSorted((a, b) => compare(a.description, b.description) || compare(a.name, b.name)),
    constraints: found.constraints
      .map((constraint) => ({ ...constraint, definition: nameless(constraint.definition) }))
      .toSorted((a, b) => compare(a.definition, b.definition) || compare(a.name, b.name)),
    grants: found.grants.toSorted(compare),
    policies: found.policies.map(nameless).toSorted(compare),
  };
}

/** PostgreSQL prints the relation as `schema.name`, and as `name.` before a column where another one is in reach as well. */
function namelessFor({ schema, name }: SideCatalogRow): (text: string) => string {
  const whole = pattern(formatQualifiedName({ schema, name }), '(?![\\w$.])');
  const prefix = pattern(quoteIdentifier(name), '(?=\\.)');
  return (text) => text.replace(whole, '<table>').replace(prefix, '<table>');
}

function pattern(sql: string, behind: string): RegExp {
  return new RegExp(`(?<![\\w$.">])${sql.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')}${behind}`, 'gu');
}

function describe({ constraint, isUnique, method, keys, included, rest }: SideCatalogRow['indexes'][number]): string {
  return [
    ...(constraint === 'primary' ? ['PRIMARY KEY'] : constraint === 'unique' ? ['UNIQUE CONSTRAINT'] : []),
    ...(constraint === 'exclusion' ? ['EXCLUSION CONSTRAINT'] : []),
    ...(isUnique && constraint === null ? ['UNIQUE'] : []),
    `${method} (${keys.join(', ')})`,
    ...(included.length === 0 ? [] : [`INCLUDE (${included.join(', ')})`]),
    ...rest,
  ].join(' ');
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
