import { InvariantError } from '../../errors.ts';
import type { EpochMicros } from '../../partition/position.ts';
import { namedSql } from '../../postgres/named-sql.ts';
import { bigint, boolean, nullable, number, row } from '../../postgres/row-decoder.ts';
import type { Session } from '../../postgres/session.ts';
import { qualify } from '../qualify.ts';
import type { SourceRef } from './ranges.ts';

/** What is left to copy, to check and to repair, as the journal has it. */
export interface Coverage {
  /** Clock of the database. */
  readonly now: EpochMicros;
  /** Of all sources. */
  readonly openBlocks: number;
  /** Copied and not checked yet. */
  readonly uncheckedBlocks: number;
  readonly mismatches: number;
  /** The last batch of all; null: nothing was copied by ranges. */
  readonly lastCopiedAt: EpochMicros | null;
}

export async function readCoverage(session: Session, schema: string, id: string, signal: AbortSignal): Promise<Coverage> {
  const at = (name: string): string => qualify(schema, name);
  const read = namedSql(
    'read-migration-coverage',
    /* sql */ `
    SELECT
      (EXTRACT(epoch FROM pg_catalog.clock_timestamp()) * 1000000)::pg_catalog.int8 AS "now",
      COALESCE(pg_catalog.sum(GREATEST(s.blocks - COALESCE(r.copied, 0), 0)), 0) AS "openBlocks",
      COALESCE(pg_catalog.sum(r.unchecked), 0) AS "uncheckedBlocks",
      (SELECT pg_catalog.count(*) FROM ${at('migration_mismatch')} AS m WHERE m.migration_id = $1::pg_catalog.int8) AS "mismatches",
      (EXTRACT(epoch FROM pg_catalog.max(r.copied_at)) * 1000000)::pg_catalog.int8 AS "lastCopiedAt"
    FROM ${at('migration_source')} AS s
    LEFT JOIN LATERAL (
      SELECT
        pg_catalog.sum(g.to_block - g.from_block) AS copied,
        pg_catalog.sum(g.to_block - g.from_block) FILTER (WHERE g.state = 'copied') AS unchecked,
        pg_catalog.max(g.copied_at) AS copied_at
      FROM ${at('migration_range')} AS g
      WHERE g.migration_id = s.migration_id AND g.source_oid = s.oid
    ) AS r ON true
    WHERE s.migration_id = $1::pg_catalog.int8`,
  );
  const [coverage] = await session.rows(read, [id], decodeCoverage, signal);
  if (coverage === undefined) throw new InvariantError('PD903', 'read-migration-coverage returned no row');
  return coverage;
}

/**
 * Whether the range was copied from the file that the source has now. Asked under a lock on the source: another file holds other rows in these
 * blocks, and what was copied before a TRUNCATE is gone from both sides.
 */
export async function isRangeOfThisFile(
  session: Session,
  { schema, id, sourceOid }: SourceRef,
  range: { readonly from: bigint; readonly to: bigint },
  signal: AbortSignal,
): Promise<boolean> {
  const read = namedSql(
    'read-copied-range',
    /* sql */ `
    SELECT
      EXISTS (
        SELECT
        FROM ${qualify(schema, 'migration_source')} AS s
        JOIN ${qualify(schema, 'migration_range')} AS r ON r.migration_id = s.migration_id AND r.source_oid = s.oid
        WHERE s.migration_id = $1::pg_catalog.int8
          AND s.oid = $2::pg_catalog.oid
          AND s.filenode = pg_catalog.pg_relation_filenode(s.oid)
          AND r.from_block = $3::pg_catalog.int8
          AND r.to_block = $4::pg_catalog.int8
      ) AS "isCopied"`,
  );
  const parameters = [id, sourceOid, range.from.toString(), range.to.toString()];
  const [answer] = await session.rows(read, parameters, row<{ isCopied: boolean }>({ isCopied: boolean }), signal);
  return answer?.isCopied === true;
}

/** Without semicolon; in the transaction that has asked whether it is of this file. */
export function renderRangeChecked(
  { schema, id, sourceOid }: SourceRef,
  { from, to }: { readonly from: bigint; readonly to: bigint },
): string {
  return (
    `UPDATE ${qualify(schema, 'migration_range')} SET state = 'checked' ` +
    `WHERE migration_id = ${id} AND source_oid = ${sourceOid} AND from_block = ${from} AND to_block = ${to}`
  );
}

const decodeCoverage = row<Coverage>({
  now: bigint,
  openBlocks: number,
  uncheckedBlocks: number,
  mismatches: number,
  lastCopiedAt: nullable(bigint),
});
