import { type MigrationChange, readMigration, renderChangeMigration } from '../journal/migration/records.ts';
import type { Engine } from './engine.ts';
import { emit } from './transactions.ts';

/**
 * Writes a change in a transaction of its own on the coordinator's session, which must have none open, reads the record again into
 * `engine.record`, and tells of a new phase or pause. A lost reply to the COMMIT shows as `ConnectionError`: the next process reads what holds.
 */
export async function saveMigration(engine: Engine, change: MigrationChange, signal: AbortSignal): Promise<void> {
  const { session, surroundings, id, guardSql } = engine;
  const schema = surroundings.journalSchema;
  // The message that `complete` sends is one implicit transaction.
  await session.complete([guardSql, renderChangeMigration(schema, id, change)], signal);
  await reloadRecord(engine, signal);
}

/** Reads the record again after somebody has written it in a transaction of the engine, and tells of what is new. */
export async function reloadRecord(engine: Engine, signal: AbortSignal): Promise<void> {
  const before = engine.record;
  const record = await readMigration(engine.session, engine.surroundings.journalSchema, engine.id, signal);
  engine.record = record;
  if (record.phase !== before.phase || record.live !== before.live) emit(engine, { kind: 'migration-phase', record, phase: record.phase });
  if (record.paused !== null && before.paused === null)
    emit(engine, { kind: 'migration-paused', reason: record.paused.kind, explanation: record.paused.reason });
}
