import type { Regrain } from '../partition/migration/spec.ts';
import type { MigrationRecord } from '../partition/migration/status.ts';
import type { HoldRecord } from '../partition/partition.ts';
import type { TablePolicy } from '../partition/policy.ts';
import { formatQualifiedName } from '../partition/qualified-name.ts';
import { type Finding, failure, warning } from './finding.ts';
import { migrateCommand } from './migration/next-command.ts';
import type { Plan } from './plan.ts';
import type { Step } from './step.ts';

/** Of a migration that is not over. */
export type Underway = Pick<MigrationRecord, 'table' | 'phase' | 'paused' | 'regrain'>;

/**
 * What a table's policy is while its migration is not over: nothing is removed, as the old table could not follow that back. Where only partitions
 * change places, the others are removed as ever (`holdsUnderMigration`).
 */
export function policyUnderMigration(policy: TablePolicy, migration: Underway | undefined): TablePolicy {
  return migration === undefined || migration.regrain !== undefined ? policy : { ...policy, retention: null };
}

/** What keeps the range of partitions that change places from being removed. */
export function holdsUnderMigration(migrations: readonly Underway[]): readonly HoldRecord[] {
  return migrations.flatMap(({ table, phase, regrain }) => {
    const [first, last] = [regrain?.sources[0], regrain?.sources.at(-1)];
    if (first === undefined || last === undefined) return [];
    const reason = `its rows are moving to other partitions (phase ${phase})`;
    return [{ table, from: first.from, to: last.to, reason, until: `${whatIsNext(table)} Finish or abort that first.` }];
  });
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
  if (migration.regrain !== undefined) return planBeside(plan, migration, migration.regrain);
  const said = findingOf(migration, plan.findings.some(isObstacle));
  return { ...plan, findings: [...(said === null ? [] : [said]), ...plan.findings.filter((one) => !isObstacle(one))] };
}

/**
 * Partitions that change places are the engine's, with what it has put on them: their upkeep would hold up the switch. An index that one side is
 * given and the other is not keeps ATTACH from being quick, so that the table is given none. Beside a default partition that changes places it is
 * given no partition either, for what a default partition may hold hangs on all of them.
 */
function planBeside(plan: Plan, migration: Underway, { sources, targets, others }: Regrain): Plan {
  const names = new Set([...sources, ...targets].map(({ name }) => formatQualifiedName(name)));
  const rests = (step: Step): boolean =>
    step.task === 'index' ||
    (step.task === 'provision' && others !== undefined) ||
    (step.task === 'maintenance' && names.has(formatQualifiedName(step.partition)));
  const isOurs = ({ kind, partition }: Finding): boolean =>
    kind === 'drifted-partition' && partition !== null && names.has(formatQualifiedName(partition));
  const rest = (task: Step['task'], what: string): Finding | null =>
    plan.steps.some((step) => step.task === task && rests(step)) ? onHold(migration, what) : null;
  const said = [findingOf(migration, false), rest('index', 'Indexes'), rest('provision', 'Partitions')];
  return {
    ...plan,
    steps: plan.steps.filter((step) => !rests(step)),
    findings: [...said.filter((one) => one !== null), ...plan.findings.filter((one) => !isOurs(one))],
  };
}

function onHold({ table, phase }: Underway, what: string): Finding {
  const name = formatQualifiedName(table);
  return warning('on-hold', `${what} of ${name} are to be made or dropped after its partitions have changed places (phase ${phase}).`);
}

function whatIsNext(table: Underway['table']): string {
  return `\`partitiond migrate status --table ${formatQualifiedName(table)}\` says what is next.`;
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
    `${name} is not partitioned yet: its migration is in phase ${phase}; see \`${migrateCommand('status', table)}\`.`,
  );
}
