import { decodeUntilCheck, untilCheckSql } from '../../catalog/migration/until-check.sql.ts';
import { untilCheckName } from '../../ddl/migration/attach/until-check.ts';
import type { Engine } from '../engine.ts';

/** unproved: it refuses new rows, and nobody has looked at those that were there. */
export type UntilCheck = 'absent' | 'unproved' | 'valid';

/** How the source stands to the bound that it shall have as a partition. */
export async function readUntilCheck({ session, record, id }: Engine, signal: AbortSignal): Promise<UntilCheck> {
  const [found] = await session.rows(untilCheckSql, [record.sourceOid, untilCheckName(id)], decodeUntilCheck, signal);
  if (found === undefined) return 'absent';
  return found.isValid ? 'valid' : 'unproved';
}
