import { namedSql } from '../../postgres/named-sql.ts';
import { bigint, number, oneOf, row, text } from '../../postgres/row-decoder.ts';
import type { Session } from '../../postgres/session.ts';
import { qualify } from '../qualify.ts';

/** Whose ranges: block numbers mean something only in one file of one table. */
export interface SourceRef {
  readonly schema: string;
  /** Of the migration. */
  readonly id: string;
  readonly sourceOid: string;
}

/** The file that ranges are counted in. Blocks beyond `blocks` hold captured rows only. */
export interface SourceFile {
  readonly filenode: string;
  readonly blocks: bigint;
}

/** Blocks that were copied, half-open; what no range covers is open. */
export interface CopiedRange {
  readonly from: bigint;
  readonly to: bigint;
  readonly state: 'copied' | 'checked';
  readonly rows: number;
  /** Tells a range from one of the same blocks in another file. */
  readonly copiedAt: string;
}

/** Null: the copy was not begun. */
export async function readSourceFile(session: Session, source: SourceRef, signal: AbortSignal): Promise<SourceFile | null> {
  const read = namedSql(
    'read-migration-source',
    /* sql */ `
    SELECT
      s.filenode::pg_catalog.text AS "filenode",
      s.blocks::pg_catalog.text AS "blocks"
    FROM ${qualify(source.schema, 'migration_source')} AS s
    WHERE s.migration_id = $1::pg_catalog.int8
      AND s.oid = $2::pg_catalog.oid`,
  );
  const rows = await session.rows(read, [source.id, source.sourceOid], decodeSourceFile, signal);
  return rows[0] ?? null;
}

/** In the file's order; those in one of the states. */
export async function readRanges(
  session: Session,
  source: SourceRef,
  states: readonly CopiedRange['state'][],
  signal: AbortSignal,
): Promise<readonly CopiedRange[]> {
  const read = namedSql(
    'read-migration-ranges',
    /* sql */ `
    SELECT
      r.from_block::pg_catalog.text AS "from",
      r.to_block::pg_catalog.text AS "to",
      r.state AS "state",
      r.rows::pg_catalog.text AS "rows",
      r.copied_at::pg_catalog.text AS "copiedAt"
    FROM ${qualify(source.schema, 'migration_range')} AS r
    WHERE r.migration_id = $1::pg_catalog.int8
      AND r.source_oid = $2::pg_catalog.oid
      AND r.state = ANY ($3::pg_catalog.text[])
    ORDER BY r.from_block`,
  );
  return await session.rows(read, [source.id, source.sourceOid, states], decodeRange, signal);
}

/** How many rows were copied into the range that begins at `from`; null: it is open. Within the transaction that copies, too. */
export async function readCopiedRows(session: Session, source: SourceRef, from: bigint, signal: AbortSignal): Promise<number | null> {
  const read = namedSql(
    'read-copied-rows',
    /* sql */ `
    SELECT
      r.rows::pg_catalog.text AS "rows"
    FROM ${qualify(source.schema, 'migration_range')} AS r
    WHERE r.migration_id = $1::pg_catalog.int8
      AND r.source_oid = $2::pg_catalog.oid
      AND r.from_block = $3::pg_catalog.int8`,
  );
  const [found] = await session.rows(read, [source.id, source.sourceOid, String(from)], decodeCopiedRows, signal);
  return found?.rows ?? null;
}

/** Without semicolon. `rows` is an SQL expression. */
export function renderCopiedRange({ schema, id, sourceOid }: SourceRef, from: bigint, to: bigint, rows: string): string {
  return (
    `INSERT INTO ${qualify(schema, 'migration_range')} (migration_id, source_oid, from_block, to_block, state, rows) ` +
    `VALUES (${id}, ${sourceOid}, ${from}, ${to}, 'copied', ${rows})`
  );
}

/** Without semicolons: all of the source is open, in this file. The source's row comes first, so that two who do it take turns. */
export function renderOpenSource({ schema, id, sourceOid }: SourceRef, { filenode, blocks }: SourceFile): readonly string[] {
  return [
    `INSERT INTO ${qualify(schema, 'migration_source')} AS s (migration_id, oid, filenode, blocks) VALUES (${id}, ${sourceOid}, ${filenode}, ${blocks}) ` +
      'ON CONFLICT (migration_id, oid) DO UPDATE SET filenode = EXCLUDED.filenode, blocks = EXCLUDED.blocks',
    `DELETE FROM ${qualify(schema, 'migration_range')} WHERE migration_id = ${id} AND source_oid = ${sourceOid}`,
  ];
}

const decodeSourceFile = row<SourceFile>({ filenode: text, blocks: bigint });
const decodeRange = row<CopiedRange>({ from: bigint, to: bigint, state: oneOf('copied', 'checked'), rows: number, copiedAt: text });
const decodeCopiedRows = row<{ rows: number }>({ rows: number });
