import { decodeSwitchFacts, switchFactsSql } from '../../catalog/migration/switch-facts.sql.ts';
import { InvariantError } from '../../errors.ts';
import type { MigrationRecord } from '../../partition/migration/status.ts';
import type { SwitchFacts } from '../../partition/migration/switch-facts.ts';
import type { Session } from '../../postgres/session.ts';
import type { Engine } from '../engine.ts';

/** What the catalog says of both sides now. A target that was never made, or is gone, has nothing. */
export async function readSwitchFacts(
  { record, spec }: Pick<Engine, 'record' | 'spec'>,
  session: Session,
  signal: AbortSignal,
): Promise<SwitchFacts> {
  const referencing = spec.definition.incoming.map(({ tableOid }) => tableOid);
  const parameters = [record.sourceOid, record.targetOid ?? '0', referencing];
  const [facts] = await session.rows(switchFactsSql, parameters, decodeSwitchFacts, signal);
  if (facts === undefined) throw new InvariantError('PD903', 'read-switch-facts returned no row');
  return facts;
}

export function liveOidOf({ live, sourceOid, targetOid }: Pick<MigrationRecord, 'live' | 'sourceOid' | 'targetOid'>): string {
  if (live === 'source') return sourceOid;
  if (targetOid === null) throw new InvariantError('PD920', 'The live side of a migration is a target that it does not have');
  return targetOid;
}
