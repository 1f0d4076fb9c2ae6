import { readMigration } from '../../journal/migration/records.ts';
import { qualify } from '../../journal/qualify.ts';
import { literal } from '../../postgres/literal.ts';
import { isLockFailure } from '../../postgres/sqlstate.ts';
import type { Engine } from '../engine.ts';

/**
 * After the reply to the COMMIT was lost: whether it was one. The row's lock is waited for first, since the former backend may still be at it. On
 * a new session, as the coordinator's is gone: all that follows on that one fails, and the next process goes on from the row.
 */
export async function isSwitchedAfterAll(engine: Engine, signal: AbortSignal): Promise<boolean> {
  const { surroundings, id, record } = engine;
  const schema = surroundings.journalSchema;
  const session = await surroundings.connect('switch', signal);
  try {
    for (;;) {
      try {
        await session.execute(`SELECT FROM ${qualify(schema, 'migration')} WHERE id = ${literal(id)} FOR SHARE`, signal);
        break;
      } catch (error) {
        if (!isLockFailure(error)) throw error;
      }
    }
    const found = await readMigration(session, schema, id, signal);
    if (found.live === record.live) return false;
    engine.record = found;
    return true;
  } finally {
    await session.close();
  }
}
