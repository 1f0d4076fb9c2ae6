import { literal } from '../../postgres/literal.ts';
import { qualify } from '../qualify.ts';

/** DELETEs without semicolons of all that a migration needed on its way; its row, with plan and outcome, stays. */
export function renderForgetProgress(schema: string, id: string): readonly string[] {
  return ['migration_range', 'migration_source', 'migration_chunk', 'migration_mismatch'].map(
    (table) => `DELETE FROM ${qualify(schema, table)} WHERE migration_id = ${literal(id)}`,
  );
}
