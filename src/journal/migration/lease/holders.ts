import { namedSql } from '../../../postgres/named-sql.ts';
import { number, row } from '../../../postgres/row-decoder.ts';
import type { Session } from '../../../postgres/session.ts';

/** `$1`: the key of an advisory lock. Sessions of this database, other than the own one, that hold it. */
export const ofHolders = /* sql */ `
  FROM pg_catalog.pg_locks AS l
  WHERE l.locktype = 'advisory'
    AND l.granted
    AND l.objsubid = 1
    AND l.pid <> pg_catalog.pg_backend_pid()
    AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
    AND (l.classid::pg_catalog.int8 << 32) | l.objid::pg_catalog.int8 = $1::pg_catalog.int8`;

const holdersSql = namedSql('read-migration-workers', `SELECT l.pid AS "pid" ${ofHolders}`);

/** Their process ids. */
export async function readHolders(session: Session, key: bigint, signal: AbortSignal): Promise<readonly number[]> {
  const holders = await session.rows(holdersSql, [key.toString()], row<{ pid: number }>({ pid: number }), signal);
  return holders.map(({ pid }) => pid);
}
