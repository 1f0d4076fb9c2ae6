import type { QualifiedName } from '../partition/qualified-name.ts';
import { type NamedSql, namedSql } from '../postgres/named-sql.ts';
import { json, list, type RowDecoder, row, text } from '../postgres/row-decoder.ts';
import { qualifiedNames } from './ordinary-tables.sql.ts';

/**
 * `$1`: oids of ordinary tables. One row each, of what belongs to the table and may not go on as it is: unique keys and indexes, exclusion
 * constraints, foreign keys of other tables and its own, triggers, constraints without inheritance, rules, publications, views, sequences. Columns of
 * `pg_constraint` that younger versions have are read by their name in JSON, which older ones answer with null. Locks no relation.
 * Source of the bits of tgtype: src/include/catalog/pg_trigger.h (ROW 1, BEFORE 2, INSERT 4).
 */
export const ordinaryObstaclesSql: NamedSql = namedSql(
  'read-ordinary-obstacles',
  /* sql */ `
  SELECT
    w.oid::pg_catalog.text AS "table",
    COALESCE((
      SELECT pg_catalog.json_agg(pg_catalog.json_build_array(
        xc.relname,
        COALESCE(k.contype::pg_catalog.text, 'i'),
        ARRAY(
          SELECT a.attname::pg_catalog.text
          FROM pg_catalog.unnest(x.indkey::pg_catalog.int2[]) WITH ORDINALITY AS col (attnum, ordinal)
          LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = x.indrelid AND a.attnum = col.attnum
          WHERE col.ordinal <= x.indnkeyatts
          ORDER BY col.ordinal
        ),
        ARRAY(
          SELECT a.attname::pg_catalog.text
          FROM pg_catalog.unnest(x.indkey::pg_catalog.int2[]) WITH ORDINALITY AS col (attnum, ordinal)
          JOIN pg_catalog.pg_attribute AS a ON a.attrelid = x.indrelid AND a.attnum = col.attnum
          WHERE col.ordinal > x.indnkeyatts
          ORDER BY col.ordinal
        ),
        COALESCE(k.condeferrable, false),
        COALESCE(k.condeferred, false),
        COALESCE((pg_catalog.to_jsonb(k) ->> 'conperiod')::pg_catalog.bool, false)
      ) ORDER BY x.indisprimary DESC, xc.relname)
      FROM pg_catalog.pg_index AS x
      JOIN pg_catalog.pg_class AS xc ON xc.oid = x.indexrelid
      LEFT JOIN pg_catalog.pg_constraint AS k ON k.conindid = x.indexrelid AND k.conrelid = x.indrelid AND k.contype IN ('p', 'u')
      WHERE x.indrelid = w.oid
        AND x.indisunique
        AND x.indisvalid
    ), '[]'::pg_catalog.json) AS "uniqueKeys",
    COALESCE((
      SELECT pg_catalog.json_agg(pg_catalog.json_build_array(
        k.conname,
        ARRAY(
          SELECT a.attname::pg_catalog.text
          FROM ROWS FROM (pg_catalog.unnest(k.conkey), pg_catalog.unnest(k.conexclop)) AS col (attnum, op)
          JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = col.attnum
          JOIN pg_catalog.pg_operator AS o ON o.oid = col.op
          WHERE o.oprname = '='
        )
      ) ORDER BY k.conname)
      FROM pg_catalog.pg_constraint AS k
      WHERE k.conrelid = w.oid
        AND k.contype = 'x'
    ), '[]'::pg_catalog.json) AS "exclusions",
    COALESCE((
      SELECT pg_catalog.json_agg(pg_catalog.json_build_array(
        f.conname,
        fn.nspname,
        fc.relname,
        ARRAY(
          SELECT a.attname::pg_catalog.text
          FROM pg_catalog.unnest(f.confkey) WITH ORDINALITY AS col (attnum, ordinal)
          JOIN pg_catalog.pg_attribute AS a ON a.attrelid = f.confrelid AND a.attnum = col.attnum
          ORDER BY col.ordinal
        )
      ) ORDER BY fn.nspname, fc.relname, f.conname)
      FROM pg_catalog.pg_constraint AS f
      JOIN pg_catalog.pg_class AS fc ON fc.oid = f.conrelid
      JOIN pg_catalog.pg_namespace AS fn ON fn.oid = fc.relnamespace
      WHERE f.confrelid = w.oid
        AND f.contype = 'f'
        AND f.conparentid = 0
    ), '[]'::pg_catalog.json) AS "incoming",
    ARRAY(
      SELECT f.conname::pg_catalog.text
      FROM pg_catalog.pg_constraint AS f
      WHERE f.conrelid = w.oid
        AND f.contype = 'f'
      ORDER BY f.conname
    ) AS "outgoing",
    COALESCE((
      SELECT pg_catalog.json_agg(pg_catalog.json_build_array(
        t.tgname,
        (t.tgtype & 1) <> 0,
        (t.tgtype & 2) <> 0 AND (t.tgtype & 4) <> 0,
        t.tgoldtable IS NOT NULL OR t.tgnewtable IS NOT NULL
      ) ORDER BY t.tgname)
      FROM pg_catalog.pg_trigger AS t
      WHERE t.tgrelid = w.oid
        AND NOT t.tgisinternal
    ), '[]'::pg_catalog.json) AS "triggers",
    ARRAY(
      SELECT k.conname::pg_catalog.text
      FROM pg_catalog.pg_constraint AS k
      WHERE k.conrelid = w.oid
        AND k.contype = 'c'
        AND k.connoinherit
      ORDER BY k.conname
    ) AS "ownChecks",
    ARRAY(
      SELECT r.rulename::pg_catalog.text FROM pg_catalog.pg_rewrite AS r WHERE r.ev_class = w.oid ORDER BY r.rulename
    ) AS "rules",
    ARRAY(
      SELECT p.pubname::pg_catalog.text
      FROM pg_catalog.pg_publication_rel AS pr
      JOIN pg_catalog.pg_publication AS p ON p.oid = pr.prpubid
      WHERE pr.prrelid = w.oid
      ORDER BY p.pubname
    ) AS "publications",
    COALESCE((
      SELECT pg_catalog.json_agg(pg_catalog.json_build_array(vn.nspname, v.relname) ORDER BY vn.nspname, v.relname)
      FROM pg_catalog.pg_class AS v
      JOIN pg_catalog.pg_namespace AS vn ON vn.oid = v.relnamespace
      WHERE v.relkind IN ('v', 'm')
        AND v.oid IN (
          SELECT r.ev_class
          FROM pg_catalog.pg_depend AS dep
          JOIN pg_catalog.pg_rewrite AS r ON r.oid = dep.objid
          WHERE dep.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
            AND dep.refobjid = w.oid
            AND dep.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
        )
    ), '[]'::pg_catalog.json) AS "views",
    COALESCE((
      SELECT pg_catalog.json_agg(pg_catalog.json_build_array(sn.nspname, s.relname, a.attname) ORDER BY sn.nspname, s.relname)
      FROM pg_catalog.pg_depend AS dep
      JOIN pg_catalog.pg_class AS s ON s.oid = dep.objid AND s.relkind = 'S'
      JOIN pg_catalog.pg_namespace AS sn ON sn.oid = s.relnamespace
      JOIN pg_catalog.pg_attribute AS a ON a.attrelid = dep.refobjid AND a.attnum = dep.refobjsubid
      WHERE dep.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
        AND dep.refobjid = w.oid
        AND dep.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
        AND dep.deptype = 'a'
    ), '[]'::pg_catalog.json) AS "sequences"
  FROM pg_catalog.unnest($1::pg_catalog.oid[]) AS w (oid)`,
);

export interface UniqueKeyRow {
  /** Of the index, which is that of the constraint. */
  readonly name: string;
  readonly kind: 'primary' | 'unique' | 'index';
  /** Null for an expression. */
  readonly columns: readonly (string | null)[];
  /** Of INCLUDE. */
  readonly included: readonly string[];
  readonly isDeferrable: boolean;
  readonly isDeferred: boolean;
  /** WITHOUT OVERLAPS of its last column. */
  readonly isTemporal: boolean;
}

export interface ExclusionRow {
  readonly name: string;
  /** Columns that it compares with `=`. */
  readonly equal: readonly string[];
}

export interface IncomingKeyRow {
  readonly name: string;
  readonly table: QualifiedName;
  /** Of the referenced table. */
  readonly columns: readonly string[];
}

export interface TriggerRow {
  readonly name: string;
  readonly isForEachRow: boolean;
  readonly isBeforeInsert: boolean;
  readonly hasTransitionTables: boolean;
}

export interface OwnedSequenceRow {
  readonly name: QualifiedName;
  readonly column: string;
}

export interface OrdinaryObstaclesRow {
  readonly table: string;
  /** The primary key first. */
  readonly uniqueKeys: readonly UniqueKeyRow[];
  readonly exclusions: readonly ExclusionRow[];
  readonly incoming: readonly IncomingKeyRow[];
  readonly outgoing: readonly string[];
  readonly triggers: readonly TriggerRow[];
  /** CHECK constraints with NO INHERIT. */
  readonly ownChecks: readonly string[];
  readonly rules: readonly string[];
  /** That name the table. */
  readonly publications: readonly string[];
  /** Views and materialized views that read it. */
  readonly views: readonly QualifiedName[];
  /** Those that are dropped with a column of it; not those of identity columns. */
  readonly sequences: readonly OwnedSequenceRow[];
}

type UniqueKeyTuple = readonly [string, 'p' | 'u' | 'i', readonly (string | null)[], readonly string[], boolean, boolean, boolean];

const keyKinds = { p: 'primary', u: 'unique', i: 'index' } as const;

function uniqueKeys(value: unknown): readonly UniqueKeyRow[] {
  return (value as readonly UniqueKeyTuple[]).map(([name, kind, columns, included, isDeferrable, isDeferred, isTemporal]) => ({
    name,
    kind: keyKinds[kind],
    columns,
    included,
    isDeferrable,
    isDeferred,
    isTemporal,
  }));
}

function exclusions(value: unknown): readonly ExclusionRow[] {
  return (value as readonly (readonly [string, readonly string[]])[]).map(([name, equal]) => ({ name, equal }));
}

function incomingKeys(value: unknown): readonly IncomingKeyRow[] {
  return (value as readonly (readonly [string, string, string, readonly string[]])[]).map(([name, schema, table, columns]) => ({
    name,
    table: { schema, name: table },
    columns,
  }));
}

function triggers(value: unknown): readonly TriggerRow[] {
  return (value as readonly (readonly [string, boolean, boolean, boolean])[]).map(
    ([name, isForEachRow, isBeforeInsert, hasTransitionTables]) => ({ name, isForEachRow, isBeforeInsert, hasTransitionTables }),
  );
}

function ownedSequences(value: unknown): readonly OwnedSequenceRow[] {
  return (value as readonly (readonly [string, string, string])[]).map(([schema, name, column]) => ({ name: { schema, name }, column }));
}

export const decodeOrdinaryObstacles: RowDecoder<OrdinaryObstaclesRow> = row<OrdinaryObstaclesRow>({
  table: text,
  uniqueKeys: json(uniqueKeys),
  exclusions: json(exclusions),
  incoming: json(incomingKeys),
  outgoing: list(text),
  triggers: json(triggers),
  ownChecks: list(text),
  rules: list(text),
  publications: list(text),
  views: json(qualifiedNames),
  sequences: json(ownedSequences),
});
