import { backfill } from '../../../src/migrate/copy/backfill.ts';
import { buildIndexes } from '../../../src/migrate/prepare/build-indexes.ts';
import { prepare } from '../../../src/migrate/prepare/prepare.ts';
import { catchUp } from '../../../src/migrate/replay/catch-up.ts';
import { saveMigration } from '../../../src/migrate/save.ts';
import { verify } from '../../../src/migrate/verify/verify.ts';
import type { TestDatabase } from '../database.ts';
import { noAbort } from '../open-session.ts';
import type { HandMade, HandMadeEngine } from './hand-made.ts';
import { unprepared } from './rich-source.ts';

/** A migration that was carried up to `ready` by its own steps, verified and without a brake; quarters of 2024 q4 on. Hold it by `await using`. */
export async function ready(database: TestDatabase, wanted: HandMade = {}): Promise<HandMadeEngine> {
  const { migration, ...rest } = wanted;
  const copy = { workers: 1, batchTimeMs: 300, pace: 0, maxBacklog: 10_000_000, diskFreeBytes: null };
  const engine = await unprepared(database, { ...rest, migration: { copy, ...migration } });
  await prepare(engine, noAbort);
  await saveMigration(engine, { phase: 'backfill' }, noAbort);
  await backfill(engine, noAbort);
  await saveMigration(engine, { phase: 'catch-up' }, noAbort);
  await catchUp(engine, noAbort);
  await saveMigration(engine, { phase: 'index' }, noAbort);
  await buildIndexes(engine, noAbort);
  await saveMigration(engine, { phase: 'verify' }, noAbort);
  await catchUp(engine, noAbort);
  await verify(engine, null, noAbort);
  await saveMigration(engine, { phase: 'ready' }, noAbort);
  return engine;
}
