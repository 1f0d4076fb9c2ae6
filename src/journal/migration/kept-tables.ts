import type { EpochMicros } from '../../partition/position.ts';
import type { QualifiedName } from '../../partition/qualified-name.ts';
import { namedSql } from '../../postgres/named-sql.ts';
import { bigint, nullable, row, text } from '../../postgres/row-decoder.ts';
import type { Session } from '../../postgres/session.ts';
import { qualify } from '../qualify.ts';

/** What a finished migration has left of the old side, and from when on it may be dropped; null: it stays. */
export interface KeptTable {
  readonly name: QualifiedName;
  readonly dropAfter: EpochMicros | null;
}

/** Those of the tables `oids` that a finish has dated and nobody has dropped yet, by name. */
export async function readKeptTables(
  session: Session,
  schema: string,
  oids: readonly string[],
  signal: AbortSignal,
): Promise<readonly KeptTable[]> {
  const query = namedSql(
    'read-migration-kept',
    /* sql */ `
    SELECT
      n.nspname AS "schema",
      c.relname AS "name",
      (EXTRACT(epoch FROM d.drop_after) * 1000000)::pg_catalog.int8 AS "dropAfter"
    FROM ${qualify(schema, 'detached_partition')} AS d
    JOIN pg_catalog.pg_class AS c ON c.oid = d.oid
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE d.oid = ANY ($1::pg_catalog.oid[])
    ORDER BY n.nspname, c.relname`,
  );
  const found = await session.rows(query, [`{${oids.join()}}`], decodeKept, signal);
  return found.map(({ schema: place, name, dropAfter }) => ({ name: { schema: place, name }, dropAfter }));
}

const decodeKept = row<{ readonly schema: string; readonly name: string; readonly dropAfter: EpochMicros | null }>({
  schema: text,
  name: text,
  dropAfter: nullable(bigint),
});
