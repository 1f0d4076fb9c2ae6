import { quoteLiteral } from '../../partition/literal.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import type { DropTable } from '../../plan/step.ts';
import { locksOn } from '../foreign-key-locks.ts';
import { quoteBody } from '../quote.ts';
import { briefTransaction, renderedStep } from '../rendered-step.ts';
import type { RenderedStep } from '../statement.ts';

/** SQLSTATE with which the check refuses; outside the classes that PostgreSQL uses. */
export const refusedSqlstate = 'PD511';

/**
 * The last moment at which a mistake can be stopped: under the lock that DROP needs, the table must still be the one that was detached,
 * by oid and by name, and no partition of anything. Never CASCADE: what depends on the table is somebody's, and DROP says so.
 */
export function renderDropTable(step: DropTable): RenderedStep {
  const table = formatQualifiedName(step.partition);
  return renderedStep([
    briefTransaction([
      {
        sql: `LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`,
        locks: locksOn([step.partition], ['AccessExclusiveLock']),
        reason: 'nobody can attach or rename it between the check and the drop',
      },
      { sql: `DO ${quoteBody(checkBody(step))}`, locks: [], reason: 'refuses anything but the detached table itself' },
      {
        sql: `DROP TABLE ${table}`,
        locks: [...locksOn([step.partition], ['AccessExclusiveLock']), ...locksOn(step.references, ['AccessExclusiveLock'])],
        reason: step.reason,
      },
    ]),
  ]);
}

function checkBody(step: DropTable): string {
  return `
BEGIN
  PERFORM 1
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  WHERE c.oid = ${quoteLiteral(step.partitionOid)}::pg_catalog.oid
    AND n.nspname = ${quoteLiteral(step.partition.schema)}
    AND c.relname = ${quoteLiteral(step.partition.name)}
    AND NOT c.relispartition;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING
      ERRCODE = '${refusedSqlstate}',
      MESSAGE = ${quoteLiteral(`${formatQualifiedName(step.partition)} is not the table that was detached, or is a partition again; it is not dropped`)};
  END IF;
END
`;
}
