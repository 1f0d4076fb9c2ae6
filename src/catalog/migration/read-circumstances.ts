import { InvariantError } from '../../errors.ts';
import type { Circumstances } from '../../partition/migration/circumstances.ts';
import type { Session } from '../../postgres/session.ts';

export async function readCircumstances(
  _session: Session,
  _table: { readonly oid: string; readonly partitionKey: string; readonly names: readonly string[] },
  _signal: AbortSignal,
): Promise<Circumstances> {
  throw new InvariantError('PD920', 'not yet');
}
