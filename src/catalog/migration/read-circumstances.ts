import { MigrationError } from '../../errors.ts';
import type { Circumstances } from '../../partition/migration/circumstances.ts';
import { formatQualifiedName, quoteIdentifier } from '../../partition/qualified-name.ts';
import type { Session } from '../../postgres/session.ts';
import { circumstancesSql, decodeCircumstances, decodeKeyRange, keyRangeSql } from './facts/circumstances.sql.ts';
import { decodeReadSchemaPlace, readSchemaPlacesSql } from './read-schemas.sql.ts';

/** What the migration of a table asks of its server. */
export interface WantedOfServer {
  readonly oid: string;
  readonly partitionKey: string;
  /** To be made in the table's schema. */
  readonly names: readonly string[];
  /** Where views of the table's name are to be made, and the comment by which those of a migration are known. */
  readonly readViews?: { readonly schemas: readonly string[]; readonly tag: string };
}

const longAfterSeconds = 60;
const nothing = { minKey: null, maxKey: null, nullKeys: 0 };

/**
 * Without an index on the key the range is found by reading the whole
 * table, as are NULL keys where the column allows them: the session's statement timeout must leave time for it. A key that is no column of the
 * table has no range, nor has one that the role may not read. Throws `MigrationError` (PD610) when the table is gone.
 */
export async function readCircumstances(session: Session, table: WantedOfServer, signal: AbortSignal): Promise<Circumstances> {
  const [found] = await session.rows(
    circumstancesSql,
    [table.oid, table.partitionKey, table.names, longAfterSeconds],
    decodeCircumstances,
    signal,
  );
  if (found === undefined) throw new MigrationError('PD610', `The table that is being migrated (oid ${table.oid}) was dropped.`);
  const { schema, name, hasKey, isKeyNotNull, ...read } = found;
  const { schemas, tag } = table.readViews ?? { schemas: [], tag: '' };
  const readSchemas =
    schemas.length === 0 ? [] : await session.rows(readSchemaPlacesSql, [schemas, name, tag], decodeReadSchemaPlace, signal);
  const circumstances = { ...read, readSchemas };
  if (!hasKey || !read.mayRead) return { ...circumstances, ...nothing };
  const relation = formatQualifiedName({ schema, name });
  const range = keyRangeSql(relation, `k.${quoteIdentifier(table.partitionKey)}`, isKeyNotNull);
  const [keys] = await session.rows(range, [], decodeKeyRange, signal);
  return { ...circumstances, ...(keys ?? nothing) };
}
