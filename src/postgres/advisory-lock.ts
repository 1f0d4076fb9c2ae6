import { namedSql } from './named-sql.ts';
import { boolean, row } from './row-decoder.ts';
import type { Session } from './session.ts';

const trySql = namedSql('try-advisory-lock', 'SELECT pg_catalog.pg_try_advisory_lock($1::pg_catalog.int8) AS "isHeld"');
const releaseSql = namedSql('release-advisory-lock', 'SELECT pg_catalog.pg_advisory_unlock($1::pg_catalog.int8) AS "isHeld"');
const decode = row<{ isHeld: boolean }>({ isHeld: boolean });

/** Takes a session-level advisory lock without waiting; false when another session holds it. It ends with the session at the latest. */
export async function tryAdvisoryLock(session: Session, key: bigint, signal: AbortSignal): Promise<boolean> {
  const [answer] = await session.rows(trySql, [key.toString()], decode, signal);
  return answer?.isHeld === true;
}

export async function releaseAdvisoryLock(session: Session, key: bigint, signal: AbortSignal): Promise<void> {
  await session.rows(releaseSql, [key.toString()], decode, signal);
}
