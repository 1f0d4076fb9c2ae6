import { captureLog } from '../../ddl/migration/capture/capture-log.ts';
import { boxSettings, type ComparedBatch, renderBatch } from '../../ddl/migration/compare/batch/batch.ts';
import { boxColumns, renderBatchBounds, renderBox, renderBoxSize } from '../../ddl/migration/compare/batch/batch-box.ts';
import { renderUnexplained } from '../../ddl/migration/compare/batch/unexplained.ts';
import { InvariantError } from '../../errors.ts';
import { isRangeOfThisFile, renderRangeChecked } from '../../journal/migration/coverage.ts';
import { decodeMismatch, renderMismatches } from '../../journal/migration/mismatches.ts';
import type { MigrationSpec } from '../../partition/migration/spec.ts';
import { namedSql } from '../../postgres/named-sql.ts';
import { list, nullable, number, row, text } from '../../postgres/row-decoder.ts';
import type { Session } from '../../postgres/session.ts';
import type { Engine } from '../engine.ts';
import { emit } from '../transactions.ts';
import { inOneSnapshot } from './snapshot.ts';

/** Blocks of the source's file, half-open, as one batch has copied them. */
export interface BlockRange {
  readonly sourceOid: string;
  readonly from: bigint;
  readonly to: bigint;
}

export interface BatchCheck {
  readonly rows: number;
  readonly mismatches: number;
}

/**
 * Compares the rows of `range` with the target's at the same positions, in one snapshot, keys in the log left out, on `session`, which must be nobody
 * else's meanwhile. Without a mismatch the range is `checked` afterwards; mismatches are stored by key and leave it as it is, so that it is
 * checked again. A range of another file of the source, or one that was opened again, is left alone: its rows will be copied anew. `counts`
 * sees what is missing, `content` also what is different; rows that only the target has are found by the full pass. May run beside batches and
 * replay: a row that is in the range now and in no visible entry was copied with it or replayed since.
 */
export async function checkBatch(engine: Engine, session: Session, range: BlockRange, signal: AbortSignal): Promise<BatchCheck> {
  if (engine.record.live !== 'source') throw new InvariantError('PD922', 'a batch was checked after the switch');
  const { journalSchema: schema } = engine.surroundings;
  const ref = { schema, id: engine.id, sourceOid: range.sourceOid };
  const check = await inOneSnapshot(
    engine,
    session,
    { doing: `check blocks ${range.from} to ${range.to}`, reading: 'single-rows' },
    async () => {
      if (!(await isRangeOfThisFile(session, ref, range, signal))) return null;
      const found = await compareBatch(engine, session, range, signal);
      await session.execute(found.note, signal);
      return found;
    },
    signal,
  );
  const { rows, mismatches } = check ?? { rows: 0, mismatches: 0 };
  if (check !== null) emit(engine, { kind: 'batch-checked', rows, mismatches });
  return { rows, mismatches };
}

async function compareBatch(
  { spec, id, policy, surroundings }: Engine,
  session: Session,
  range: BlockRange,
  signal: AbortSignal,
): Promise<BatchCheck & { readonly note: string }> {
  const { journalSchema: schema } = surroundings;
  const log = captureLog(schema, id);
  const batch = { source: spec.table, target: spec.targetName, log, from: range.from, to: range.to };
  const box = await openBox(spec, session, batch, signal);
  const compare = namedSql('compare-batch', renderBatch(spec, batch, policy.migration.verify.eachBatch, box));
  const [outcome] = await session.rows(compare, [], decodeOutcome, signal);
  if (outcome === undefined) throw new InvariantError('PD903', 'compare-batch returned no row');
  const { rows, suspects } = outcome;
  const explain = namedSql('explain-suspects', renderUnexplained(spec, { log }));
  const mismatches = suspects === '[]' ? [] : await session.rows(explain, [suspects], decodeMismatch, signal);
  const ref = { schema, id, sourceOid: range.sourceOid };
  const note = mismatches.length === 0 ? renderRangeChecked(ref, range) : renderMismatches(schema, id, mismatches);
  return { rows, mismatches: mismatches.length, note };
}

/** The condition within which the target holds the batch and not much besides, with the settings to read it by; null: there is none. */
async function openBox(spec: MigrationSpec, session: Session, batch: ComparedBatch, signal: AbortSignal): Promise<string | null> {
  if (boxColumns(spec).length === 0) return null;
  const [bounds] = await session.rows(namedSql('read-batch-bounds', renderBatchBounds(spec, batch)), [], decodeBounds, signal);
  if (bounds === undefined || bounds.rows === 0) return null;
  const limit = 2 * bounds.rows;
  const box = { least: bounds.least.map((value) => value ?? ''), greatest: bounds.greatest.map((value) => value ?? '') };
  const [size] = await session.rows(namedSql('count-batch-box', renderBoxSize(spec, batch, box, limit)), [], decodeCount, signal);
  if (size === undefined || size.rows >= limit) return null;
  await session.execute(boxSettings.join(';\n'), signal);
  return renderBox(spec, box);
}

const decodeCount = row<{ readonly rows: number }>({ rows: number });
const decodeBounds = row<{ readonly rows: number } & Record<'least' | 'greatest', readonly (string | null)[]>>({
  rows: number,
  least: list(nullable(text)),
  greatest: list(nullable(text)),
});
const decodeOutcome = row<{ readonly rows: number; readonly suspects: string }>({ rows: number, suspects: text });
