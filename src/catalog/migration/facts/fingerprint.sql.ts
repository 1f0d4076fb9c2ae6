import { type NamedSql, namedSql } from '../../../postgres/named-sql.ts';
import { type RowDecoder, row, text } from '../../../postgres/row-decoder.ts';

/**
 * `$1`: oids of tables. At most one row each, found by indexes of the catalog alone, for it is asked for often. Expressions go in as they are stored:
 * that takes no lock, which deparsing does, on the tables in a policy too. Oids of indexes, and indexes that are not valid, are left out, so that
 * REINDEX CONCURRENTLY does not show. Foreign keys of other tables show by their triggers on this one, which are named after oids and go in
 * without; the partitions of a referencing table have none. Behind a slash, where the table has triggers of a migration: which versions of their
 * rows in the catalog these are. A trigger that is turned off and on again looks as before and is not: what was written in between went past it.
 */
export const fingerprintSql: NamedSql = namedSql(
  'read-fingerprint',
  /* sql */ `
  SELECT
    t.oid::pg_catalog.text AS "oid",
    pg_catalog.md5(pg_catalog.json_build_array(
      n.nspname, t.relname, t.relkind, t.relpersistence, t.relowner, t.relrowsecurity, t.relforcerowsecurity, t.relreplident,
      (
        SELECT pg_catalog.json_agg(pg_catalog.json_build_array(
          a.attnum, a.attname, a.atttypid, a.atttypmod, a.attcollation, a.attnotnull, a.attidentity, a.attgenerated, d.adbin::pg_catalog.text
        ) ORDER BY a.attnum)
        FROM pg_catalog.pg_attribute AS a
        LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE a.attrelid = t.oid
          AND a.attnum > 0
          AND NOT a.attisdropped
      ),
      (
        SELECT pg_catalog.json_agg(pg_catalog.to_jsonb(k) - ARRAY['oid', 'conindid'] ORDER BY k.conname)
        FROM pg_catalog.pg_constraint AS k
        WHERE k.conrelid = t.oid
      ),
      (
        SELECT pg_catalog.json_agg(pg_catalog.json_build_array(
          xc.relname,
          xc.relam,
          xc.reloptions,
          pg_catalog.to_jsonb(x) - ARRAY['indexrelid', 'indisclustered', 'indcheckxmin', 'indisready', 'indislive']
        ) ORDER BY xc.relname)
        FROM pg_catalog.pg_index AS x
        JOIN pg_catalog.pg_class AS xc ON xc.oid = x.indexrelid
        WHERE x.indrelid = t.oid
          AND x.indisvalid
      ),
      (
        SELECT pg_catalog.json_agg(trigger.entry ORDER BY trigger.entry::pg_catalog.text COLLATE "C")
        FROM (
          SELECT
            (pg_catalog.to_jsonb(tg) - ARRAY['oid', 'tgname', 'tgconstraint', 'tgconstrindid', 'tgparentid'])
            || pg_catalog.jsonb_build_object('name', CASE WHEN NOT tg.tgisinternal THEN tg.tgname END) AS entry
          FROM pg_catalog.pg_trigger AS tg
          WHERE tg.tgrelid = t.oid
        ) AS trigger
      ),
      (
        SELECT pg_catalog.json_agg(pg_catalog.to_jsonb(p) - 'oid' ORDER BY p.polname)
        FROM pg_catalog.pg_policy AS p
        WHERE p.polrelid = t.oid
      )
    )::pg_catalog.text) || COALESCE((
      SELECT '/' || pg_catalog.md5(pg_catalog.json_agg(pg_catalog.json_build_array(own.tgname, own.xmin::pg_catalog.text) ORDER BY own.tgname)::pg_catalog.text)
      FROM pg_catalog.pg_trigger AS own
      WHERE own.tgrelid = t.oid
        AND own.tgname ~ '^partitiond_(capture|guard)_'
    ), '') AS "fingerprint"
  FROM pg_catalog.pg_class AS t
  JOIN pg_catalog.pg_namespace AS n ON n.oid = t.relnamespace
  WHERE t.oid = ANY ($1::pg_catalog.oid[])
  ORDER BY t.oid`,
);

export const decodeFingerprint: RowDecoder<{ readonly oid: string; readonly fingerprint: string }> = row({ oid: text, fingerprint: text });
