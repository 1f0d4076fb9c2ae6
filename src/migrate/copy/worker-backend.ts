import { InvariantError } from '../../errors.ts';
import { type NamedSql, namedSql } from '../../postgres/named-sql.ts';
import { row, text } from '../../postgres/row-decoder.ts';
import type { Session } from '../../postgres/session.ts';
import type { Engine } from '../engine.ts';

/** A worker's session, and who its backend is among all that ever had its pid. */
export interface WorkerBackend {
  readonly session: Session;
  /** Microseconds since 1970, as text. */
  readonly startedAt: string;
}

export async function connectWorker(engine: Engine, signal: AbortSignal): Promise<WorkerBackend> {
  const session = await engine.surroundings.connect('copy', signal);
  try {
    const [backend] = await session.rows(ownBackendSql, [], decodeBackend, signal);
    if (backend === undefined) throw new InvariantError('PD903', 'the backend of a worker was not told');
    return { session, startedAt: backend.startedAt };
  } catch (error) {
    await session.close();
    throw error;
  }
}

const pollMs = 50;

/**
 * Returns when a backend whose connection was lost does no longer exist: only then is it sure what became of its transaction. It is told to end, for
 * it may be in the middle of a statement and not know that nobody listens.
 */
export async function awaitEnd(
  engine: Engine,
  session: Session,
  { session: { pid }, startedAt }: WorkerBackend,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    const alive = await session.rows(endBackendSql, [pid, startedAt], () => true, signal);
    if (alive.length === 0) return;
    await engine.surroundings.clock.sleep(pollMs, signal);
  }
}

const ownBackendSql: NamedSql = namedSql(
  'migration-own-backend',
  /* sql */ `
  SELECT
    (EXTRACT(epoch FROM s.backend_start) * 1000000)::pg_catalog.int8::pg_catalog.text AS "startedAt"
  FROM pg_catalog.pg_stat_get_activity(pg_catalog.pg_backend_pid()) AS s`,
);
const decodeBackend = row<{ startedAt: string }>({ startedAt: text });

const endBackendSql: NamedSql = namedSql(
  'migration-end-backend',
  /* sql */ `
  SELECT
    pg_catalog.pg_terminate_backend(s.pid) AS "isTold"
  FROM pg_catalog.pg_stat_activity AS s
  WHERE s.pid = $1::pg_catalog.int4
    AND (EXTRACT(epoch FROM s.backend_start) * 1000000)::pg_catalog.int8 = $2::pg_catalog.int8`,
);
