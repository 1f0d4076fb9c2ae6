import { literal } from '../../postgres/literal.ts';
import { qualify } from '../qualify.ts';

/**
 * Statements without semicolons, for a migration that has ended: how much was copied is summed up in one range per source, so that a status still
 * tells it, and all else that the migration needed on its way goes. Its row, with plan and outcome, stays.
 */
export function renderForgetProgress(schema: string, id: string): readonly string[] {
  const ranges = qualify(schema, 'migration_range');
  const migration = literal(id);
  return [
    `UPDATE ${ranges} AS r SET to_block = whole.to_block, rows = whole.rows FROM (` +
      'SELECT f.source_oid, pg_catalog.min(f.from_block) AS from_block, pg_catalog.max(f.to_block) AS to_block, pg_catalog.sum(f.rows) AS rows ' +
      `FROM ${ranges} AS f WHERE f.migration_id = ${migration} GROUP BY f.source_oid) AS whole ` +
      `WHERE r.migration_id = ${migration} AND r.source_oid = whole.source_oid AND r.from_block = whole.from_block`,
    `DELETE FROM ${ranges} AS r WHERE r.migration_id = ${migration} AND EXISTS (` +
      `SELECT FROM ${ranges} AS f WHERE f.migration_id = r.migration_id AND f.source_oid = r.source_oid AND f.from_block < r.from_block)`,
    ...['migration_chunk', 'migration_mismatch'].map((table) => `DELETE FROM ${qualify(schema, table)} WHERE migration_id = ${migration}`),
  ];
}
