import { decodeRemains, type MigrationRemains, remainsSql } from '../../catalog/migration/remains.sql.ts';
import { InvariantError } from '../../errors.ts';
import type { Engine } from '../engine.ts';

/** What the migration has made and is still there, read from the catalog. */
export async function readRemains({ session, surroundings, id, record, spec }: Engine, signal: AbortSignal): Promise<MigrationRemains> {
  const { schema, name } = spec.targetName;
  const parameters = [surroundings.journalSchema, id, record.targetOid, schema, name];
  const [remains] = await session.rows(remainsSql, parameters, decodeRemains, signal);
  if (remains === undefined) throw new InvariantError('PD903', 'read-migration-remains returned no row');
  return remains;
}
