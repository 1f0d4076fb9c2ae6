import { StatementError } from '../../../errors.ts';
import { namedSql } from '../../../postgres/named-sql.ts';
import { boolean, row } from '../../../postgres/row-decoder.ts';
import type { Session } from '../../../postgres/session.ts';
import { ofHolders } from './holders.ts';
import { leaseKey } from './lease-key.ts';

/** The watch of an engine at work says something every second, and short commands do not pause for longer. Seconds. */
const silentFor = 30;

/** `$1` key of the coordinator's lock, `$2` of the workers'. A session whose state we may not see counts as one that speaks. */
const endStoppedSql = namedSql(
  'end-stopped-coordinator',
  /* sql */ `
  SELECT
    pg_catalog.pg_terminate_backend(l.pid) AS "isTold"
    ${ofHolders}
    AND NOT EXISTS (
      SELECT
      FROM pg_catalog.pg_stat_activity AS a
      WHERE (
          a.pid = l.pid
          OR a.pid IN (SELECT w.pid FROM (SELECT l.pid ${ofHolders.replaceAll('$1', '$2')}) AS w)
        )
        AND (
          a.state IS NULL
          OR a.state = 'active'
          OR a.state_change > pg_catalog.clock_timestamp() - pg_catalog.make_interval(secs => ${silentFor})
        )
    )`,
);

/**
 * Ends the coordinator of a process that is stopped (SIGSTOP, a frozen host): its connections live on, so that the server would keep its lock for ever.
 * It is known by this, that none of its sessions has said anything for half a minute. Answers whether there was one. A role that may not end it is
 * answered no.
 */
export async function endStopped(session: Session, schema: string, id: string, signal: AbortSignal): Promise<boolean> {
  const keys = (['coordinator', 'workers'] as const).map((part) => leaseKey(schema, id, part).toString());
  try {
    return (await session.rows(endStoppedSql, keys, row<{ isTold: boolean }>({ isTold: boolean }), signal)).some(({ isTold }) => isTold);
  } catch (error) {
    if (error instanceof StatementError) return false;
    throw error;
  }
}
