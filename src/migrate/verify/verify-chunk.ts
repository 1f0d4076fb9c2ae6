import { captureLog } from '../../ddl/migration/capture/capture-log.ts';
import type { ComparedSide, Comparison } from '../../ddl/migration/compare/compared-side.ts';
import { renderDifferences } from '../../ddl/migration/compare/differences.ts';
import { renderDigests } from '../../ddl/migration/compare/digests.ts';
import type { KeyRange } from '../../ddl/migration/compare/key-range.ts';
import { InvariantError } from '../../errors.ts';
import { decodeMismatch, type Mismatch, renderMismatches } from '../../journal/migration/mismatches.ts';
import { namedSql } from '../../postgres/named-sql.ts';
import { boolean, number, type RowDecoder, row } from '../../postgres/row-decoder.ts';
import type { Session } from '../../postgres/session.ts';
import type { Engine } from '../engine.ts';
import { inOneSnapshot } from './snapshot.ts';

/** What a pass compares: everything, or the rows of one partition. */
export interface Scope {
  readonly live: ComparedSide;
  readonly follower: ComparedSide;
}

export interface VerifiedChunk {
  /** Of the live side. */
  readonly rows: number;
  readonly mismatches: number;
}

/** Stored by key of one chunk; the number of all is known anyway, and nobody reads a million keys. */
const storedOfChunk = 1_000;

/**
 * Compares the rows of a key range of both sides in one snapshot and stores mismatches by key. `note` is SQL that is committed with them. A difference
 * at a key with a visible log entry is none: replay will see to it.
 */
export async function verifyChunk(
  engine: Engine,
  session: Session,
  scope: Scope,
  range: KeyRange,
  note: (chunk: VerifiedChunk) => readonly string[],
  signal: AbortSignal,
): Promise<VerifiedChunk> {
  const { spec, id, surroundings } = engine;
  const { journalSchema: schema } = surroundings;
  const comparison: Comparison = { ...scope, log: captureLog(schema, id), range };
  return await inOneSnapshot(
    engine,
    session,
    { doing: 'verify a range of keys', reading: 'ranges' },
    async () => {
      const [digests] = await session.rows(namedSql('compare-chunk', renderDigests(spec, comparison)), [], decodeDigests, signal);
      if (digests === undefined) throw new InvariantError('PD903', 'compare-chunk returned no row');
      const search = namedSql('find-differences', renderDifferences(spec, comparison, storedOfChunk));
      const found = digests.isEqual ? [] : await session.rows(search, [], decodeDifference, signal);
      const chunk = { rows: digests.rows, mismatches: found[0]?.total ?? 0 };
      const notes = [...(found.length === 0 ? [] : [renderMismatches(schema, id, found)]), ...note(chunk)];
      if (notes.length > 0) await session.execute(notes.join(';\n'), signal);
      return chunk;
    },
    signal,
  );
}

const decodeDigests = row<{ readonly rows: number; readonly isEqual: boolean }>({ rows: number, isEqual: boolean });

const decodeTotal = row<{ readonly total: number }>({ total: number });

const decodeDifference: RowDecoder<Mismatch & { readonly total: number }> = (values, queryName) => ({
  ...decodeMismatch(values, queryName),
  ...decodeTotal(values, queryName),
});
