import { quoteLiteral } from '../../partition/literal.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import type { DrainDefault } from '../../plan/step.ts';
import { carryAfterAttach } from '../carry/carry-properties.ts';
import { attachForeignKeyLocks, locksOn } from '../foreign-key-locks.ts';
import { quoteBody } from '../quote.ts';
import { renderForValues, renderRangeCondition } from '../range-condition.ts';
import { briefTransaction, renderedStep } from '../rendered-step.ts';
import type { RenderedStep } from '../statement.ts';
import { renderBesideTable, renderDropBoundCheck } from './new-table.ts';

/**
 * The partition beside the table, its rows out of the default partition, ATTACH: one transaction, under ACCESS EXCLUSIVE on the partitioned table
 * itself. A lock on the default partition alone would lose rows: a query that waits for that one has read the list of partitions already, and
 * then looks with a new snapshot into a default partition that is empty. ATTACH scans the default partition, which a plan knows to be small.
 */
export function renderDrainDefault(step: DrainDefault, serverVersion: number): RenderedStep {
  const [table, fallback, partition] = [step.table, step.defaultPartition, step.partition].map(formatQualifiedName);
  return renderedStep([
    briefTransaction([
      ...renderBesideTable(step),
      {
        sql: `LOCK TABLE ONLY ${table}, ONLY ${fallback} IN ACCESS EXCLUSIVE MODE`,
        locks: locksOn([step.table, step.defaultPartition], ['AccessExclusiveLock']),
        reason: 'nobody looks while rows are in neither place; who waits finds them in the new partition',
      },
      // With row security that would hide rows, an error is better than a row that is left where it no longer may be.
      { sql: 'SET LOCAL row_security = off', locks: [], reason: 'all rows of the range move, or none' },
      {
        sql: `DO ${quoteBody(moveBody(step))}`,
        locks: locksOn([step.defaultPartition], ['RowExclusiveLock']),
        reason: 'moves the rows of the range; triggers that fire on DELETE stay out of it, as no row is deleted',
      },
      {
        sql: `ALTER TABLE ${table} ATTACH PARTITION ${partition} ${renderForValues(step)}`,
        locks: [
          ...locksOn([step.table], ['ShareUpdateExclusiveLock']),
          ...locksOn([step.defaultPartition], ['AccessExclusiveLock']),
          ...attachForeignKeyLocks(step, serverVersion),
        ],
        reason: step.reason,
      },
      renderDropBoundCheck(step),
      ...carryAfterAttach(step.partition, step.template),
    ]),
  ]);
}

/**
 * Before 15 triggers that a partition has from its parent count as internal, hence `tgparentid`; those of foreign keys stay as they are. What
 * captures rows for a migration must see these, too.
 */
function moveBody(step: DrainDefault): string {
  const [fallback, partition] = [formatQualifiedName(step.defaultPartition), formatQualifiedName(step.partition)];
  const [from, to] = [quoteLiteral(fallback), quoteLiteral(partition)];
  return `
DECLARE
  quiet text[];
  always text[];
  moved text;
  name text;
BEGIN
  SELECT pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY a.attnum)
  INTO STRICT moved
  FROM pg_catalog.pg_attribute AS a
  WHERE a.attrelid = ${from}::pg_catalog.regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '';
  SELECT
    COALESCE(pg_catalog.array_agg(t.tgname::text) FILTER (WHERE t.tgenabled = 'O'), '{}'),
    COALESCE(pg_catalog.array_agg(t.tgname::text) FILTER (WHERE t.tgenabled = 'A'), '{}')
  INTO STRICT quiet, always
  FROM pg_catalog.pg_trigger AS t
  LEFT JOIN pg_catalog.pg_constraint AS c ON c.oid = t.tgconstraint
  WHERE t.tgrelid = ${from}::pg_catalog.regclass
    AND (NOT t.tgisinternal OR t.tgparentid <> 0 AND c.contype IS DISTINCT FROM 'f')
    AND t.tgtype & 8 <> 0
    AND t.tgname NOT LIKE 'partitiond\\_capture\\_%';
  FOREACH name IN ARRAY quiet || always LOOP
    EXECUTE pg_catalog.format('ALTER TABLE %s DISABLE TRIGGER %I', ${from}, name);
  END LOOP;
  EXECUTE pg_catalog.format(
    'WITH moved AS (DELETE FROM ONLY %1$s WHERE %3$s RETURNING %4$s) INSERT INTO %2$s (%4$s) OVERRIDING SYSTEM VALUE SELECT %4$s FROM moved',
    ${from}, ${to}, ${quoteLiteral(renderRangeCondition(step))}, moved);
  FOREACH name IN ARRAY quiet LOOP
    EXECUTE pg_catalog.format('ALTER TABLE %s ENABLE TRIGGER %I', ${from}, name);
  END LOOP;
  FOREACH name IN ARRAY always LOOP
    EXECUTE pg_catalog.format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', ${from}, name);
  END LOOP;
END
`;
}
