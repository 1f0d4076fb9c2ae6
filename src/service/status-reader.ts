import type { DatabasePolicy } from '../partition/policy.ts';
import { connectSession } from '../postgres/session.ts';
import { readDatabaseStatus } from '../reconcile/read-status.ts';
import type { DatabaseStatus } from '../reconcile/status.ts';
import { errorFields } from '../telemetry/error-fields.ts';
import type { RefusalReason } from '../telemetry/metrics.ts';
import { withoutSecrets } from '../telemetry/without-secrets.ts';
import type { Surroundings } from './surroundings.ts';

/** What `status --json` prints of a database, and what this process is to it. */
export interface ServedStatus extends DatabaseStatus {
  readonly leadership: {
    readonly isLeading: boolean;
    /** Of the term; null while following. */
    readonly epoch: string | null;
    /** Why this process must not lead; null: it may. */
    readonly refused: RefusalReason | null;
  };
}

/** Who works on the databases now. */
export interface StatusSource {
  readonly surroundings: Surroundings;
  [Symbol.iterator](): Iterator<Standing>;
}

export interface Standing {
  readonly name: string;
  readonly isLeading: boolean;
  readonly epoch: bigint | null;
  readonly refused: RefusalReason | null;
}

/** An answer is kept this long, so that many readers cost the databases no more than one. */
const freshMs = 1_000;
const readWithinMs = 20_000;

/**
 * Reads the status of all databases, each on a short connection of its own; requests that come together share one answer, until a reload. A
 * database that cannot be read says why in `error`. Never rejects.
 */
export function createStatusReader(source: StatusSource): () => Promise<readonly ServedStatus[]> {
  let shared: { readonly surroundings: Surroundings; readonly answer: Promise<readonly DatabaseStatus[]> } | null = null;
  let freshUntilMs = 0;
  return async () => {
    const { surroundings } = source;
    const { clock, configuration } = surroundings;
    if (shared?.surroundings !== surroundings || clock.monotonicMs() > freshUntilMs) {
      freshUntilMs = Number.POSITIVE_INFINITY;
      const answer = Promise.all(configuration.databases.map((database) => readOne(database, surroundings))).finally(() => {
        freshUntilMs = clock.monotonicMs() + freshMs;
      });
      shared = { surroundings, answer };
    }
    const read = await shared.answer;
    const standings = new Map([...source].map((standing) => [standing.name, standing]));
    return read.map((status) => ({ ...status, leadership: leadershipOf(standings.get(status.database)) }));
  };
}

function leadershipOf(standing: Standing | undefined): ServedStatus['leadership'] {
  if (standing === undefined) return { isLeading: false, epoch: null, refused: null };
  return { isLeading: standing.isLeading, epoch: standing.epoch?.toString() ?? null, refused: standing.refused };
}

async function readOne(database: DatabasePolicy, surroundings: Surroundings): Promise<DatabaseStatus> {
  const { clock, configuration, logger, metrics } = surroundings;
  const { safety } = configuration;
  const settings = {
    applicationName: 'partitiond:status',
    statementTimeoutMs: safety.statementTimeoutMs,
    lockTimeoutMs: safety.lockTimeoutMs,
    observer: metrics.sessionObserver(database.name),
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
