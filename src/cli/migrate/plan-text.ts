import { explainMigration } from '../../plan/migration/explain-migration.ts';
import type { MigrationPlan } from '../../plan/migration/migration-plan.ts';
import { printable } from '../output/printable.ts';

/** A plan as people read it, refusals first; names in it can neither tear lines apart nor speak to the terminal. */
export function planText(plan: MigrationPlan): string {
  return explainMigration(plan)
    .map((line) => `${printable(line)}\n`)
    .join('');
}
