import { namedSql } from '../../../postgres/named-sql.ts';
import { row, text } from '../../../postgres/row-decoder.ts';
import type { Session } from '../../../postgres/session.ts';
import { qualify } from '../../qualify.ts';
import { ofHolders } from './holders.ts';
import { leaseKey } from './lease-key.ts';

/** Who runs that migration right now, as they call themselves (`partitiond:migrate host/4711`); null: nobody. The own session does not count. */
export async function readRunner(session: Session, schema: string, id: string, signal: AbortSignal): Promise<string | null> {
  const query = namedSql(
    'read-migration-runner',
    /* sql */ `
    SELECT
      w.holder AS "holder"
    FROM ${qualify(schema, 'migration_lease')} AS w
    WHERE w.migration_id = $2::pg_catalog.int8
      AND EXISTS (SELECT ${ofHolders})`,
  );
  const key = leaseKey(schema, id, 'coordinator').toString();
  const [lease] = await session.rows(query, [key, id], row<{ holder: string }>({ holder: text }), signal);
  return lease?.holder ?? null;
}
