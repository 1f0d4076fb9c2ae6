import type { EpochMicros } from '../../partition/position.ts';
import { type NamedSql, namedSql } from '../../postgres/named-sql.ts';
import { bigint, boolean, nullable, number, type RowDecoder, row, text } from '../../postgres/row-decoder.ts';
import type { Session } from '../../postgres/session.ts';
import { qualify } from '../qualify.ts';

export interface Backlog {
  /** Entries that are not replayed; exact up to 100,000, above that what the server's statistics say, seconds late. */
  readonly rows: number;
  readonly bytes: number;
  /** When the statement behind the oldest of them began (of the first 100,000 in the file); null: there is none. */
  readonly oldestAt: EpochMicros | null;
}

const exactUpTo = 100_000;

/** How much of the log of migration `id` is not replayed; nothing where there is no log (not yet, or no more). */
export async function readBacklog(session: Session, schema: string, id: string, signal: AbortSignal): Promise<Backlog> {
  const log = qualify(schema, `capture_${id}`);
  const [is] = await session.rows(isThereSql, [log], row<{ there: boolean }>({ there: boolean }), signal);
  if (is?.there !== true) return { rows: 0, bytes: 0, oldestAt: null };
  const [backlog] = await session.rows(backlogSql(log), [log], decodeBacklog, signal);
  return backlog ?? { rows: 0, bytes: 0, oldestAt: null };
}

/** A marker of the log: a TRUNCATE of the live table, or (`detail`, a condition on its columns) of one of its partitions. */
export interface TruncateMarker {
  readonly seq: bigint;
  readonly detail: string | null;
}

/** In the order in which they were written. */
export async function readTruncateMarkers(
  session: Session,
  schema: string,
  id: string,
  signal: AbortSignal,
): Promise<readonly TruncateMarker[]> {
  const decode = row<TruncateMarker>({ seq: bigint, detail: nullable(text) });
  return await session.rows(markersSql(qualify(schema, `capture_${id}`)), [], decode, signal);
}

/** One DELETE without semicolon: of those markers; with `all` of every entry that it sees. */
export function renderConsumeMarkers(schema: string, id: string, markers: readonly TruncateMarker[], all: boolean): string {
  const log = qualify(schema, `capture_${id}`);
  const seqs = markers.map(({ seq }) => seq).join(', ');
  return all ? `DELETE FROM ${log}` : `DELETE FROM ${log} WHERE kind = 'truncate' AND seq IN (${seqs})`;
}

const isThereSql: NamedSql = namedSql('read-capture-log', 'SELECT pg_catalog.to_regclass($1::pg_catalog.text) IS NOT NULL AS "there"');

function markersSql(log: string): NamedSql {
  return namedSql(
    'read-truncate-markers',
    `SELECT l.seq AS "seq", l.detail AS "detail" FROM ${log} AS l WHERE l.kind = 'truncate' ORDER BY l.seq`,
  );
}

function backlogSql(log: string): NamedSql {
  return namedSql(
    'read-backlog',
    /* sql */ `
    SELECT
      CASE
        WHEN c.rows <= ${exactUpTo} THEN c.rows
        ELSE GREATEST(c.rows, pg_catalog.pg_stat_get_live_tuples($1::pg_catalog.regclass))
      END AS "rows",
      pg_catalog.pg_table_size($1::pg_catalog.regclass) AS "bytes",
      (EXTRACT(epoch FROM c.oldest) * 1000000)::pg_catalog.int8 AS "oldestAt"
    FROM (
      SELECT pg_catalog.count(*) AS rows, pg_catalog.min(l.at) AS oldest
      FROM (SELECT e.at FROM ${log} AS e LIMIT ${exactUpTo + 1}) AS l
    ) AS c`,
  );
}

const decodeBacklog: RowDecoder<Backlog> = row<Backlog>({ rows: number, bytes: number, oldestAt: nullable(bigint) });
