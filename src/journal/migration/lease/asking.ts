/**
 * A person goes before a daemon: a command that wants a migration says so by a shared advisory lock, a daemon that runs it says by another one
 * that it gives way, looks for the first every second and ends its run. So a command waits only for whom it can have the place of.
 */

import { namedSql } from '../../../postgres/named-sql.ts';
import { boolean, row } from '../../../postgres/row-decoder.ts';
import type { Session } from '../../../postgres/session.ts';
import { readHolders } from './holders.ts';
import { leaseKey } from './lease-key.ts';

const shareSql = namedSql('try-shared-lock', 'SELECT pg_catalog.pg_try_advisory_lock_shared($1::pg_catalog.int8) AS "isHeld"');
const unshareSql = namedSql('release-shared-lock', 'SELECT pg_catalog.pg_advisory_unlock_shared($1::pg_catalog.int8) AS "isHeld"');
const decode = row<{ isHeld: boolean }>({ isHeld: boolean });

type Said = 'asking' | 'yielding';

/** Nobody takes either lock but shared, so that saying so always succeeds. It holds until `unsay`, or the session's end. */
export async function say(session: Session, schema: string, id: string, what: Said, signal: AbortSignal): Promise<void> {
  await session.rows(shareSql, [leaseKey(schema, id, what).toString()], decode, signal);
}

/** Never throws: it ends with the session anyway. */
export async function unsay(session: Session, schema: string, id: string, what: Said): Promise<void> {
  await session.rows(unshareSql, [leaseKey(schema, id, what).toString()], decode, AbortSignal.timeout(2_000)).catch(() => undefined);
}

/** Whether another session says so. */
export async function isSaid(session: Session, schema: string, id: string, what: Said, signal: AbortSignal): Promise<boolean> {
  return (await readHolders(session, leaseKey(schema, id, what), signal)).length > 0;
}
