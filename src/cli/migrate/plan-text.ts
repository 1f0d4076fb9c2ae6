import { explainMigration } from '../../plan/migration/explain-migration.ts';
import { explainTrial } from '../../plan/migration/explain-trial.ts';
import type { TriedPlan } from '../../plan/migration/extent/trial.ts';
import type { MigrationPlan } from '../../plan/migration/migration-plan.ts';
import { printable } from '../output/printable.ts';

/** A plan as people read it, refusals first, a trial last; names in it can neither tear lines apart nor speak to the terminal. */
export function planText(plan: MigrationPlan | TriedPlan): string {
  const trial = 'trial' in plan ? explainTrial(plan) : [];
  return [...explainMigration(plan), ...trial].map((line) => `${printable(line)}\n`).join('');
}
