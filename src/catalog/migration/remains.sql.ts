import type { QualifiedName } from '../../partition/qualified-name.ts';
import { type NamedSql, namedSql } from '../../postgres/named-sql.ts';
import { json, nullable, type RowDecoder, row, shaped, text } from '../../postgres/row-decoder.ts';

/** What a migration has made and has to take away. */
export interface MigrationRemains {
  /** `clock_timestamp()`, microseconds since 1970. */
  readonly now: string;
  /** Signatures without arguments, all of them trigger functions in the journal's schema. */
  readonly functions: readonly QualifiedName[];
  /** The log of captured positions; null: there is none. */
  readonly log: QualifiedName | null;
  /** The target's oid and present name; null: it is gone, or something else has its name. */
  readonly target: { readonly oid: string; readonly name: QualifiedName } | null;
}

/**
 * `$1` the journal's schema, `$2` the migration's id, `$3` the oid of the target if that is known, `$4` and `$5` its name before the switch. A
 * target whose oid was never written down is known by its guard. One row.
 */
export const remainsSql: NamedSql = namedSql(
  'read-migration-remains',
  /* sql */ `
  SELECT
    (EXTRACT(epoch FROM pg_catalog.clock_timestamp()) * 1000000)::pg_catalog.int8::pg_catalog.text AS "now",
    COALESCE((
      SELECT pg_catalog.json_agg(pg_catalog.json_build_object('schema', n.nspname, 'name', p.proname) ORDER BY p.proname)
      FROM pg_catalog.pg_proc AS p
      JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
      WHERE n.nspname = $1::pg_catalog.text
        AND p.pronargs = 0
        AND p.prorettype = 'pg_catalog.trigger'::pg_catalog.regtype
        AND (p.proname = 'guard_' || $2::pg_catalog.text OR p.proname ^@ ('capture_' || $2::pg_catalog.text || '_'))
    ), '[]'::pg_catalog.json) AS "functions",
    (
      SELECT pg_catalog.json_build_object('schema', n.nspname, 'name', c.relname)
      FROM pg_catalog.pg_class AS c
      JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
      WHERE n.nspname = $1::pg_catalog.text
        AND c.relname = 'capture_' || $2::pg_catalog.text
        AND c.relkind = 'r'
    )::pg_catalog.text AS "log",
    (
      SELECT pg_catalog.json_build_object(
        'oid', c.oid::pg_catalog.text, 'name', pg_catalog.json_build_object('schema', n.nspname, 'name', c.relname)
      )
      FROM pg_catalog.pg_class AS c
      JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
      WHERE c.oid = $3::pg_catalog.oid
        OR (
          $3::pg_catalog.oid IS NULL
          AND n.nspname = $4::pg_catalog.text
          AND c.relname = $5::pg_catalog.text
          AND EXISTS (
            SELECT FROM pg_catalog.pg_trigger AS t
            WHERE t.tgrelid = c.oid
              AND t.tgname ^@ ('partitiond_guard_' || $2::pg_catalog.text || '_')
          )
        )
    )::pg_catalog.text AS "target"`,
);

export const decodeRemains: RowDecoder<MigrationRemains> = row<MigrationRemains>({
  now: text,
  functions: json(shaped<MigrationRemains['functions']>),
  log: nullable(json(shaped<QualifiedName>)),
  target: nullable(json(shaped<NonNullable<MigrationRemains['target']>>)),
});
