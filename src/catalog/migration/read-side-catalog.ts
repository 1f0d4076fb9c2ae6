import { InvariantError } from '../../errors.ts';
import type { SideCatalog } from '../../partition/migration/side-catalog.ts';
import type { Session } from '../../postgres/session.ts';

/** What can be compared of one relation, by its oid; null when there is none. */
export async function readSideCatalog(
  _session: Session,
  _relation: { readonly oid: string },
  _signal: AbortSignal,
): Promise<SideCatalog | null> {
  throw new InvariantError('PD920', 'not yet');
}
