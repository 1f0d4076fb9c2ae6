import type { QualifiedName } from '../../../partition/qualified-name.ts';
import { type Decoder, nullable, oneOf, text } from '../../../postgres/row-decoder.ts';
import { type DefinitionPart, listPart, nameJson } from '../facts/definition-part.sql.ts';

export const persistencePart: DefinitionPart<'permanent' | 'unlogged' | 'temporary'> = {
  sql: () => `CASE t.relpersistence WHEN 'p' THEN 'permanent' WHEN 'u' THEN 'unlogged' ELSE 'temporary' END`,
  decode: oneOf('permanent', 'unlogged', 'temporary'),
};

const optionalText: Decoder<string | null> = nullable(text);

export const ofTypePart: DefinitionPart<string | null> = {
  sql: () => 'CASE WHEN t.reloftype <> 0 THEN pg_catalog.format_type(t.reloftype, NULL) END',
  decode: optionalText,
};

/** Citus marks each distributed and reference table with a trigger of its own, TimescaleDB each hypertable. */
export const belongsToPart: DefinitionPart<string | null> = {
  sql: () => /* sql */ `COALESCE(
    (
      SELECT pg_catalog.format('extension %I', e.extname)
      FROM pg_catalog.pg_depend AS dep
      JOIN pg_catalog.pg_extension AS e ON e.oid = dep.refobjid
      WHERE dep.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
        AND dep.objid = t.oid
        AND dep.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
        AND dep.deptype = 'e'
    ),
    (
      SELECT pg_catalog.min(CASE f.proname WHEN 'citus_truncate_trigger' THEN 'Citus' ELSE 'extension timescaledb' END)
      FROM pg_catalog.pg_trigger AS tg
      JOIN pg_catalog.pg_proc AS f ON f.oid = tg.tgfoid
      JOIN pg_catalog.pg_namespace AS fn ON fn.oid = f.pronamespace
      WHERE tg.tgrelid = t.oid
        AND (
          f.proname = 'citus_truncate_trigger'
          OR (f.proname = 'insert_blocker' AND fn.nspname IN ('_timescaledb_functions', '_timescaledb_internal'))
        )
    )
  )`,
  decode: optionalText,
};

const relatives = (own: string, other: string): string => /* sql */ `
    SELECT pg_catalog.json_agg(${nameJson('rn.nspname', 'rc.relname')} ORDER BY i.inhseqno, rn.nspname, rc.relname)
    FROM pg_catalog.pg_inherits AS i
    JOIN pg_catalog.pg_class AS rc ON rc.oid = i.${other}
    JOIN pg_catalog.pg_namespace AS rn ON rn.oid = rc.relnamespace
    WHERE i.${own} = t.oid`;

export const parentsPart: DefinitionPart<readonly QualifiedName[]> = listPart(relatives('inhrelid', 'inhparent'));
export const heirsPart: DefinitionPart<readonly QualifiedName[]> = listPart(relatives('inhparent', 'inhrelid'));
