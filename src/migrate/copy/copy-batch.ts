import { renderCopyBatch } from '../../ddl/migration/copy/copy-batch.ts';
import { renderLockSource } from '../../ddl/migration/copy/lock-source.ts';
import { InvariantError } from '../../errors.ts';
import { readCopiedRows, renderCopiedRange } from '../../journal/migration/ranges.ts';
import { type NamedSql, namedSql } from '../../postgres/named-sql.ts';
import { row, text } from '../../postgres/row-decoder.ts';
import type { Session } from '../../postgres/session.ts';
import type { BatchTicket } from '../batch-register.ts';
import type { Engine } from '../engine.ts';
import { fenced } from '../transactions.ts';
import { sourceOf } from './reopen-ranges.ts';
import type { Blocks } from './share/range-queue.ts';

/**
 * For the end of a transaction that has written one of our rows, which only `dual` makes likely. Whoever waits for a lock on the source meanwhile
 * waits for that transaction in any case; without patience every batch that meets a long one would be lost.
 */
const rowPatienceMs = 5_000;

export interface BatchOrder {
  readonly range: Blocks;
  /** Of the file whose blocks the range counts. */
  readonly filenode: string;
  readonly isCareful: boolean;
}

/**
 * Copies one range and notes it, in one REPEATABLE READ transaction whose snapshot the register knows before a row is read. Not durable: a crash of
 * the server loses rows and note together. Returns the number of rows; null: the source was rewritten (VACUUM FULL, CLUSTER, TRUNCATE, pg_repack),
 * so the block numbers mean nothing any more and nothing was copied. Throws what the server says.
 */
export async function copyBatch(
  engine: Engine,
  session: Session,
  ticket: BatchTicket,
  { range, filenode, isCareful }: BatchOrder,
  signal: AbortSignal,
): Promise<number | null> {
  const source = sourceOf(engine);
  const copy = async (): Promise<number | null> => {
    // The lock comes before the look at the file, which then stays as it is.
    await session.execute(`${renderLockSource(engine.spec)}; SET LOCAL lock_timeout = '${rowPatienceMs}ms'`, signal);
    const [begun] = await session.rows(begunSql, [source.sourceOid], decodeBegun, signal);
    if (begun === undefined) throw new InvariantError('PD903', 'the begin of a batch returned no row');
    ticket.know(begun.snapshot);
    if (begun.filenode !== filenode) return null;
    const note = (rows: string): string => renderCopiedRange(source, range.from, range.to, rows);
    await session.execute(renderCopyBatch(engine.spec, { ...range, isCareful, note }), signal);
    return await readCopiedRows(session, source, range.from, signal);
  };
  return await fenced(engine, session, { level: 'repeatable read', isDurable: false }, copy, signal);
}

const begunSql: NamedSql = namedSql(
  'begin-copy-batch',
  /* sql */ `
  SELECT
    pg_catalog.pg_current_snapshot()::pg_catalog.text AS "snapshot",
    pg_catalog.pg_relation_filenode($1::pg_catalog.oid)::pg_catalog.text AS "filenode"`,
);
const decodeBegun = row<{ snapshot: string; filenode: string }>({ snapshot: text, filenode: text });
