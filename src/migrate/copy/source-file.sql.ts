import type { SourceFile } from '../../journal/migration/ranges.ts';
import { type NamedSql, namedSql } from '../../postgres/named-sql.ts';
import { bigint, type RowDecoder, row, text } from '../../postgres/row-decoder.ts';

/**
 * The file of the table `$1` and its blocks, as they are now whatever the transaction's snapshot is: both functions look at the newest catalog
 * (postgresql.org/docs/18/functions-admin.html). Only under a lock do they still hold afterwards.
 */
export const sourceFileSql: NamedSql = namedSql(
  'migration-source-file',
  /* sql */ `
  SELECT
    pg_catalog.pg_relation_filenode($1::pg_catalog.oid)::pg_catalog.text AS "filenode",
    (pg_catalog.pg_relation_size($1::pg_catalog.oid, 'main') / pg_catalog.current_setting('block_size')::pg_catalog.int8)::pg_catalog.text AS "blocks"`,
);

export const decodeSourceFile: RowDecoder<SourceFile> = row<SourceFile>({ filenode: text, blocks: bigint });
