import type { IndexDefinition } from '../../../partition/migration/definition.ts';
import { columnsJson, type DefinitionPart, listPart } from '../facts/definition-part.sql.ts';

/** Columns that younger versions have are read by their name in JSON, which older ones answer with null. */
export const indexesPart: DefinitionPart<readonly IndexDefinition[]> = listPart(/* sql */ `
    SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
      'oid', x.indexrelid::pg_catalog.text,
      'name', xc.relname,
      'constraint', CASE k.contype WHEN 'p' THEN 'primary' WHEN 'u' THEN 'unique' WHEN 'x' THEN 'exclusion' END,
      'isUnique', x.indisunique,
      'isValid', x.indisvalid,
      'columns', ARRAY(
        SELECT a.attname::pg_catalog.text
        FROM pg_catalog.unnest(x.indkey::pg_catalog.int2[]) WITH ORDINALITY AS place (attnum, ordinal)
        LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = x.indrelid AND a.attnum = place.attnum
        WHERE place.ordinal <= x.indnkeyatts
        ORDER BY place.ordinal
      ),
      'included', ${columnsJson('x.indrelid', '(x.indkey::pg_catalog.int2[])[x.indnkeyatts:]')},
      'isPartial', x.indpred IS NOT NULL,
      'isDeferrable', NOT x.indimmediate,
      'isDeferred', COALESCE(k.condeferred, false),
      'nullsNotDistinct', COALESCE((pg_catalog.to_jsonb(x) ->> 'indnullsnotdistinct')::pg_catalog.bool, false),
      'isTemporal', COALESCE((pg_catalog.to_jsonb(k) ->> 'conperiod')::pg_catalog.bool, false),
      'equalColumns', ARRAY(
        SELECT a.attname::pg_catalog.text
        FROM ROWS FROM (pg_catalog.unnest(k.conkey), pg_catalog.unnest(k.conexclop)) WITH ORDINALITY AS place (attnum, op, ordinal)
        JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = place.attnum
        JOIN pg_catalog.pg_operator AS o ON o.oid = place.op
        WHERE k.contype = 'x'
          AND o.oprname = '='
        ORDER BY place.ordinal
      ),
      'tail', pg_catalog.substr(
        pg_catalog.pg_get_indexdef(x.indexrelid),
        pg_catalog.length(pg_catalog.format(
          'CREATE %sINDEX %I ON %s%I.%I ',
          CASE WHEN x.indisunique THEN 'UNIQUE ' ELSE '' END,
          xc.relname,
          CASE xc.relkind WHEN 'I' THEN 'ONLY ' ELSE '' END,
          n.nspname,
          t.relname
        )) + 1
      ),
      'constraintDefinition', pg_catalog.pg_get_constraintdef(k.oid),
      'tablespace', (SELECT ts.spcname FROM pg_catalog.pg_tablespace AS ts WHERE ts.oid = xc.reltablespace),
      'isClustered', x.indisclustered,
      'statisticsTargets', COALESCE((
        SELECT pg_catalog.json_agg(pg_catalog.json_build_object('column', a.attnum, 'target', a.attstattarget) ORDER BY a.attnum)
        FROM pg_catalog.pg_attribute AS a
        WHERE a.attrelid = x.indexrelid
          AND a.attstattarget >= 0
      ), '[]'::pg_catalog.json)
    ) ORDER BY x.indisprimary DESC, xc.relname)
    FROM pg_catalog.pg_index AS x
    JOIN pg_catalog.pg_class AS xc ON xc.oid = x.indexrelid
    LEFT JOIN pg_catalog.pg_constraint AS k ON k.conindid = x.indexrelid AND k.conrelid = x.indrelid AND k.contype IN ('p', 'u', 'x')
    WHERE x.indrelid = t.oid`);
