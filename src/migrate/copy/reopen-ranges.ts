import { renderLockSource } from '../../ddl/migration/copy/lock-source.ts';
import { InvariantError } from '../../errors.ts';
import { renderOpenSource, type SourceFile, type SourceRef } from '../../journal/migration/ranges.ts';
import type { Session } from '../../postgres/session.ts';
import type { Engine } from '../engine.ts';
import { decodeSourceFile, sourceFileSql } from './source-file.sql.ts';

/** The source of the engine's migration, as the journal's ranges know it. */
export function sourceOf({ id, record, surroundings }: Engine): SourceRef {
  return { schema: surroundings.journalSchema, id, sourceOid: record.sourceOid };
}

/**
 * All ranges are open again over the source's present file, within the transaction that is open on `session`. Takes ACCESS SHARE on the source
 * (the session's `lock_timeout` holds). Nobody may copy meanwhile in a REPEATABLE READ transaction's snapshot: a range that was committed after
 * it would stay. Rows that the target has already are harmless: batches bear repetition, and what changed is in the log.
 */
export async function reopenRanges(engine: Engine, session: Session, signal: AbortSignal): Promise<void> {
  await session.execute(renderLockSource(engine.spec), signal);
  const source = sourceOf(engine);
  const file = await readPresentFile(session, source, signal);
  await session.execute(renderOpenSource(source, file).join(';\n'), signal);
}

/** The file that the source has now; it stays so only under a lock. */
export async function readPresentFile(session: Session, { sourceOid }: SourceRef, signal: AbortSignal): Promise<SourceFile> {
  const [file] = await session.rows(sourceFileSql, [sourceOid], decodeSourceFile, signal);
  if (file === undefined) throw new InvariantError('PD903', 'the file of the source of a migration was not told');
  return file;
}
