import { InvariantError } from '../errors.ts';
import type { ServerFacts } from '../partition/partition.ts';
import type { Clock } from '../postgres/clock.ts';
import type { Session } from '../postgres/session.ts';
import { decodeServerFacts, serverFactsSql } from './server-facts.sql.ts';

/**
 * Version, role and clock of the server, with the local clock at the middle of the round trip, so that a slow network does not look like
 * skew. Judges nothing: which versions and standbys are fit for what is reconcile's to say.
 */
export async function readServerFacts(session: Session, clock: Clock, signal: AbortSignal): Promise<ServerFacts> {
  const before = clock.now();
  const [facts] = await session.rows(serverFactsSql, [], decodeServerFacts, signal);
  const after = clock.now();
  if (facts === undefined) throw new InvariantError('PD903', 'read-server-facts returned no row');
  return { ...facts, localNow: before + (after - before) / 2n };
}
