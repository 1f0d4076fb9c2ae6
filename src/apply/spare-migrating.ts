import { quoteBody } from '../ddl/quote.ts';
import { refusedSqlstate } from '../ddl/step/drop-table.ts';
import { qualify } from '../journal/qualify.ts';
import { formatQualifiedName } from '../partition/qualified-name.ts';
import { literal } from '../postgres/literal.ts';
import type { StepRun } from './step-run.ts';

/**
 * One statement that refuses to take away a partition whose rows are moving to others, or one beside a default partition that is emptied: a plan
 * may be older than the migration. Behind DETACH in its transaction it sees every migration that was begun before its locks were there; one that
 * is begun later finds the partition gone. None for other steps.
 */
export function renderSpareMigrating({ step, context }: Pick<StepRun, 'step' | 'context'>): readonly string[] {
  if (step.kind !== 'detach-partition') return [];
  const { tableOid, partitionOid, partition } = step;
  const is = (one: string, names: string): string =>
    `EXISTS (SELECT FROM pg_catalog.json_array_elements(m.spec -> 'regrain' -> ${literal(names)}) AS p (value) WHERE ${one})`;
  const isTarget = `p.value -> 'name' ->> 'schema' = ${literal(partition.schema)} AND p.value -> 'name' ->> 'name' = ${literal(partition.name)}`;
  const body = `
DECLARE
  migration pg_catalog.int8;
BEGIN
  SELECT m.id
  INTO migration
  FROM ${qualify(context.journal.schema, 'migration')} AS m
  WHERE m.phase NOT IN ('finished', 'aborted')
    AND (
      m.target_oid = ${literal(tableOid)}::pg_catalog.oid
      OR m.source_oid = ${literal(tableOid)}::pg_catalog.oid AND (
        m.spec -> 'regrain' -> 'others' IS NOT NULL
        OR ${is(`p.value ->> 'oid' = ${literal(partitionOid)}`, 'sources')}
        OR ${is(isTarget, 'targets')}
      )
    );
  IF FOUND THEN
    RAISE EXCEPTION USING
      ERRCODE = '${refusedSqlstate}',
      MESSAGE = ${literal(`${formatQualifiedName(partition)} takes part in a migration that has begun since this was planned; it is not detached`)};
  END IF;
END
`;
  return [`DO ${quoteBody(body)}`];
}
