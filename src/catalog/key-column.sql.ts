/**
 * Columns of a SELECT that describe the partition key, of pg_partitioned_table `p` and the pg_attribute `a` of its first column, both of which may be
 * missing: "strategy", "keyColumns", "keyName", "keyType", "scale", "collation". Scale of numeric: src/backend/utils/adt/numeric.c,
 * `numeric_typmod_scale` (11 bits, signed since 15).
 */
export const keyColumnSql: string = /* sql */ `
    p.partstrat AS "strategy",
    p.partnatts AS "keyColumns",
    a.attname AS "keyName",
    pg_catalog.format_type(a.atttypid, NULL) AS "keyType",
    CASE
      WHEN a.atttypid = 'pg_catalog.numeric'::pg_catalog.regtype AND a.atttypmod >= 0
        THEN ((((a.atttypmod - 4) & 2047) # 1024) - 1024)
    END AS "scale",
    CASE
      WHEN p.partcollation[0] <> 0 AND p.partcollation[0] <> a.attcollation THEN (
        SELECT pg_catalog.format('%I.%I', cn.nspname, co.collname)
        FROM pg_catalog.pg_collation AS co
        JOIN pg_catalog.pg_namespace AS cn ON cn.oid = co.collnamespace
        WHERE co.oid = p.partcollation[0]
      )
    END AS "collation"`;
