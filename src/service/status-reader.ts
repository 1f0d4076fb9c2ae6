import type { DatabasePolicy } from '../partition/policy.ts';
import { connectSession } from '../postgres/session.ts';
import { readDatabaseStatus } from '../reconcile/read-status.ts';
import type { DatabaseStatus } from '../reconcile/status.ts';
import { errorFields } from '../telemetry/error-fields.ts';
import { withoutSecrets } from '../telemetry/without-secrets.ts';
import type { Surroundings } from './surroundings.ts';

/** An answer is kept this long, so that many readers cost the databases no more than one. */
const freshMs = 1_000;
const readWithinMs = 20_000;

/**
 * Reads the status of all databases, each on a short connection of its own; requests that come together share one answer. A database that
 * cannot be read says why in `error`. Never rejects.
 */
export function createStatusReader(
  databases: readonly DatabasePolicy[],
  surroundings: Surroundings,
): () => Promise<readonly DatabaseStatus[]> {
  const { clock } = surroundings;
  let answer: Promise<readonly DatabaseStatus[]> | null = null;
  let freshUntilMs = 0;
  return () => {
    if (answer === null || clock.monotonicMs() > freshUntilMs) {
      freshUntilMs = Number.POSITIVE_INFINITY;
      answer = Promise.all(databases.map((database) => readOne(database, surroundings))).finally(() => {
        freshUntilMs = clock.monotonicMs() + freshMs;
      });
    }
    return answer;
  };
}

async function readOne(database: DatabasePolicy, surroundings: Surroundings): Promise<DatabaseStatus> {
  const { clock, configuration, logger } = surroundings;
  const { safety } = configuration;
  const settings = {
    applicationName: 'partitiond:status',
    statementTimeoutMs: safety.statementTimeoutMs,
    lockTimeoutMs: safety.lockTimeoutMs,
  };
  const signal = AbortSignal.timeout(readWithinMs);
  try {
    const session = await connectSession(database.connection, settings, signal);
    try {
      return await readDatabaseStatus(session, database, { safety, clock }, signal);
    } finally {
      await session.close();
    }
  } catch (error) {
    logger.debug('status not read', { database: database.name, ...errorFields(error) });
    const reason = withoutSecrets(error instanceof Error ? error.message : String(error));
    return { database: database.name, now: null, paused: null, error: reason, tables: [], runs: [] };
  }
}
