import type { MigrationTable } from '../../migrate/run/begin-migration.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import type { MigrationPlan } from '../../plan/migration/migration-plan.ts';
import { printable } from '../output/printable.ts';

export function planText(policy: MigrationTable, plan: MigrationPlan): string {
  const table = formatQualifiedName(policy.table);
  const refusals = plan.refusals.map(({ subject, message }) => `refused: ${subject}: ${message}`);
  const steps = plan.steps.map(({ number, title }) => `${number}. ${title}`);
  return [`Migration of ${table}`, ...refusals, ...steps, ...plan.notes].map((line) => `${printable(line)}\n`).join('');
}
