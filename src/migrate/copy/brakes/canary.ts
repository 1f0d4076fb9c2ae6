import { qualify } from '../../../journal/qualify.ts';
import type { Session } from '../../../postgres/session.ts';
import type { Engine } from '../../engine.ts';
import { emit, openingSql } from '../../transactions.ts';

/**
 * A tiny durable commit of our own: what it takes is what the application's commits take. It goes into the migration's own row, whose `progress_at`
 * it moves only with `hasProgressed`. Returns milliseconds, of which the round trip is part.
 */
export async function commitCanary(engine: Engine, session: Session, hasProgressed: boolean, signal: AbortSignal): Promise<number> {
  const { clock, journalSchema } = engine.surroundings;
  const value = hasProgressed ? 'pg_catalog.clock_timestamp()' : 'progress_at';
  const update = `UPDATE ${qualify(journalSchema, 'migration')} SET progress_at = ${value} WHERE id = ${engine.id}`;
  const startedAt = clock.monotonicMs();
  try {
    await session.complete(['BEGIN', ...openingSql(engine, { level: 'read committed', isDurable: true }), update, 'COMMIT'], signal);
  } catch (error) {
    await session.complete(['ROLLBACK'], signal).catch(() => undefined);
    throw error;
  }
  const commitMs = clock.monotonicMs() - startedAt;
  emit(engine, { kind: 'canary', commitMs });
  return commitMs;
}
