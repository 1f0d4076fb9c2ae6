import { renderChunkEnd } from '../../ddl/migration/compare/chunk-end.ts';
import type { ComparedSide } from '../../ddl/migration/compare/compared-side.ts';
import { type Chunk, type Pass, renderVerifiedChunk } from '../../journal/migration/chunks.ts';
import { namedSql } from '../../postgres/named-sql.ts';
import { list, row, text } from '../../postgres/row-decoder.ts';
import type { Session } from '../../postgres/session.ts';
import type { Engine } from '../engine.ts';
import { emit } from '../transactions.ts';
import { inOneSnapshot } from './snapshot.ts';
import { type Scope, type VerifiedChunk, verifyChunk } from './verify-chunk.ts';

/** A tenth of a second of work: long enough that the round trips of its transaction do not show, short enough to hold back no vacuum. */
export const chunkRows = 50_000;

/** Where a pass goes on and what becomes of its chunks. */
export interface PassPlan {
  readonly scope: Scope;
  /** Whose keys cut the table into chunks. Any keys do; one side's own make chunks of even size on it. */
  readonly ruler: ComparedSide;
  readonly after: Pick<Pass, 'doneUpTo' | 'upper'>;
  readonly isRecorded: boolean;
  readonly chunkRows: number;
}

/**
 * Verifies the scope from `after` on by ranges of keys, which follow each other without a gap, with as many workers as copy, each on a session of its own.
 * The first range is open below and the last one above, so that rows beyond the ends are seen on both sides. When one worker fails, the others
 * end with their statement, and its error is thrown; what was recorded until then stays.
 */
export async function runPass(engine: Engine, plan: PassPlan, signal: AbortSignal): Promise<VerifiedChunk> {
  const stop = new AbortController();
  const stopped = AbortSignal.any([signal, stop.signal]);
  const chunks = new ChunkRow(engine, plan);
  const workers = Array.from({ length: Math.max(1, engine.policy.migration.copy.workers) }, async () => {
    try {
      return await work(engine, plan, chunks, stopped);
    } catch (error) {
      stop.abort(error);
      throw error;
    }
  });
  const outcomes = await Promise.allSettled(workers);
  signal.throwIfAborted();
  if (stop.signal.aborted) throw stop.signal.reason;
  const done = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  return {
    rows: done.reduce((sum, { rows }) => sum + rows, 0),
    mismatches: done.reduce((sum, { mismatches }) => sum + mismatches, 0),
  };
}

async function work(engine: Engine, { scope, isRecorded }: PassPlan, chunks: ChunkRow, signal: AbortSignal): Promise<VerifiedChunk> {
  const { surroundings, id } = engine;
  const session = await surroundings.connect('verify', signal);
  let [rows, mismatches] = [0, 0];
  try {
    for (let next = await chunks.take(session, signal); next !== null; next = await chunks.take(session, signal)) {
      const { ordinal, after, upTo } = next;
      const note = (chunk: VerifiedChunk): readonly string[] =>
        isRecorded ? [renderVerifiedChunk(surroundings.journalSchema, id, { ordinal, upper: upTo, ...chunk })] : [];
      const chunk = await verifyChunk(engine, session, scope, { after, upTo }, note, signal);
      emit(engine, { kind: 'chunk-verified', ...chunk });
      rows += chunk.rows;
      mismatches += chunk.mismatches;
    }
    return { rows, mismatches };
  } finally {
    await session.close();
  }
}

interface NextChunk extends Pick<Chunk, 'ordinal'> {
  readonly after: readonly string[] | null;
  readonly upTo: readonly string[] | null;
}

/** Cuts the table into chunks, one after the other, on the session of whoever asks. */
class ChunkRow {
  readonly #engine: Engine;
  readonly #plan: PassPlan;
  #turn: Promise<unknown> = Promise.resolve();
  #ordinal: bigint;
  #after: readonly string[] | null;
  #isOver = false;

  constructor(engine: Engine, plan: PassPlan) {
    this.#engine = engine;
    this.#plan = plan;
    this.#ordinal = plan.after.doneUpTo;
    this.#after = plan.after.upper;
  }

  /** Null when all are taken. */
  async take(session: Session, signal: AbortSignal): Promise<NextChunk | null> {
    const turn = this.#turn.then(
      () => this.#cut(session, signal),
      // Whoever was before has failed and ends the pass.
      () => null,
    );
    this.#turn = turn;
    return await turn;
  }

  async #cut(session: Session, signal: AbortSignal): Promise<NextChunk | null> {
    if (this.#isOver) return null;
    const { ruler, chunkRows: size } = this.#plan;
    const end = namedSql('find-chunk-end', renderChunkEnd(this.#engine.spec.key, ruler, this.#after, size));
    const task = { doing: 'find the end of a range of keys', reading: 'ranges' } as const;
    const [found] = await inOneSnapshot(this.#engine, session, task, () => session.rows(end, [], decodeEnd, signal), signal);
    const chunk = { ordinal: this.#ordinal + 1n, after: this.#after, upTo: found?.key ?? null };
    this.#ordinal = chunk.ordinal;
    this.#after = chunk.upTo;
    this.#isOver = chunk.upTo === null;
    return chunk;
  }
}

const decodeEnd = row<{ readonly key: readonly string[] }>({ key: list(text) });
