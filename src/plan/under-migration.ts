import type { MigrationRecord } from '../partition/migration/status.ts';
import type { TablePolicy } from '../partition/policy.ts';
import { formatQualifiedName } from '../partition/qualified-name.ts';
import { type Finding, failure, warning } from './finding.ts';
import type { Plan } from './plan.ts';

/** Of a migration that is not over. */
export type Underway = Pick<MigrationRecord, 'table' | 'phase' | 'paused'>;

/** What a table's policy is while its migration is not over: nothing is removed, as the old table could not follow that back. */
export function policyUnderMigration(policy: TablePolicy, migration: Underway | undefined): TablePolicy {
  return migration === undefined ? policy : { ...policy, retention: null };
}

/**
 * The plan of a table with what its migration is to say: while the ordinary table is live nothing of it is anybody's but the engine's, and that it
 * is not partitioned is no fault; a migration that waits for a person is, whoever is live. Without one that was begun a table with a block
 * `migration` is told how to. Pure.
 */
export function planUnderMigration(plan: Plan, policy: TablePolicy, migration: Underway | undefined): Plan {
  const isObstacle = (finding: Finding): boolean => finding.kind === 'not-partitioned';
  if (migration === undefined) {
    if (policy.migration === null || !plan.findings.some(isObstacle)) return plan;
    const hint = `\`partitiond migrate plan --table ${formatQualifiedName(policy.table)}\` shows how it becomes one.`;
    return {
      ...plan,
      findings: plan.findings.map((one) => (isObstacle(one) ? { ...one, message: `${beforeFix(one.message)} ${hint}` } : one)),
    };
  }
  const said = findingOf(migration, plan.findings.some(isObstacle));
  return { ...plan, findings: [...(said === null ? [] : [said]), ...plan.findings.filter((one) => !isObstacle(one))] };
}

/** The advice to make a table by hand leads away from the block. */
function beforeFix(message: string): string {
  const [what = message] = message.split(/; (?=PostgreSQL cannot|create it)/);
  return what.replace(/\.?$/, '.');
}

function findingOf({ table, phase, paused }: Underway, isOrdinary: boolean): Finding | null {
  const name = formatQualifiedName(table);
  if (paused !== null) {
    const kind = paused.kind === 'mismatch' ? 'migration-mismatch' : 'migration-paused';
    return failure(kind, `The migration of ${name} is paused in phase ${phase}: ${paused.reason}`);
  }
  if (!isOrdinary) return null;
  return warning(
    'not-partitioned',
    `${name} is not partitioned yet: its migration is in phase ${phase}; see \`partitiond migrate status\`.`,
  );
}
