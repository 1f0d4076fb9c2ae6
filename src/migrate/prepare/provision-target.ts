import { randomUUID } from 'node:crypto';
import { applyPlan } from '../../apply/apply-plan.ts';
import { readEvidence } from '../../catalog/read-evidence.ts';
import { readPartitionState } from '../../catalog/read-partition-state.ts';
import { readServerFacts } from '../../catalog/read-server-facts.ts';
import { readTables } from '../../catalog/read-tables.ts';
import { renderColumnOptions } from '../../ddl/migration/target/create-target.ts';
import { guardTriggerName, renderGuard } from '../../ddl/migration/target/guard.ts';
import { InvariantError, MigrationError } from '../../errors.ts';
import type { Evidence, PartitionedTable } from '../../partition/partition.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import { migrateCommand } from '../../plan/migration/next-command.ts';
import type { PlanContext } from '../../plan/plan-context.ts';
import type { Engine } from '../engine.ts';
import { saveMigration } from '../save.ts';
import { brief, emit } from '../transactions.ts';
import { type Located, locateKeys } from './provision/locate-keys.ts';
import { askPartitions, isAbsurd, type ProvisionStep, planPartitions, type TargetPlanning } from './provision/plan-partitions.ts';
import { targetPolicy } from './provision/target-policy.ts';
import { decodeTargetPartition, type TargetPartition, targetPartitionsSql } from './target-partitions.sql.ts';

const noEvidence: Evidence = { occupiedInDefault: [], referenced: new Map(), takenNames: new Set(), template: null };

/**
 * Makes the partitions that the target lacks: for all rows of the source while it is prepared, for `premake`, and for the positions `needed`
 * (key values as text); returns how many. They bear the source's name, and the guard. Rows too far away for partitions go to a default
 * partition where the entry allows for one; else the migration is paused (`far-future`) and `MigrationError` PD622 thrown.
 */
export async function provisionTarget(engine: Engine, needed: readonly string[], signal: AbortSignal): Promise<number> {
  const context = await planContext(engine, signal);
  const table = await readTarget(engine, context, signal);
  const located = await locateKeys(engine, table, needed, context.now, signal);
  const planning = planningOf(engine, table, located, context);
  await refuseOutliers(engine, table, located, isAbsurd(planning), signal);
  return await makePlanned(engine, planning, signal);
}

/** Plans the partitions that are missing and makes them, with guard and options; returns how many ranges. */
export async function makePlanned(engine: Engine, planning: TargetPlanning, signal: AbortSignal): Promise<number> {
  const { session } = engine;
  const asked = askPartitions(planning);
  const [evidence = noEvidence] = await readEvidence(session, [{ table: planning.table, questions: asked }], signal);
  const steps = planPartitions(planning, evidence);
  await applySteps(engine, steps, signal);
  await equipPartitions(engine, signal);
  return steps.filter(({ kind }) => kind === 'create-partition').length;
}

/** The target's partitions, by name. */
export async function readTargetPartitions(engine: Engine, signal: AbortSignal): Promise<readonly TargetPartition[]> {
  const { session, record, id } = engine;
  return await session.rows(targetPartitionsSql, [record.targetOid, guardTriggerName(id)], decodeTargetPartition, signal);
}

function planningOf({ spec, ...engine }: Engine, table: PartitionedTable, located: Located, context: PlanContext): TargetPlanning {
  return {
    spec,
    policy: targetPolicy({ spec, ...engine }, located.startFrom, located.outliers.length > 0),
    // By the source's name the partitions are called what they shall be called after the switch.
    table: { ...table, name: spec.table, newest: { position: located.newest, beyondHorizon: null } },
    context,
    needed: located.needed,
  };
}

export async function planContext(engine: Engine, signal: AbortSignal): Promise<PlanContext> {
  const { session, surroundings } = engine;
  const facts = await readServerFacts(session, surroundings.clock, signal);
  return {
    now: facts.now,
    clockSkewMs: Number(facts.now - facts.localNow) / 1000,
    safety: surroundings.safety,
    allowRemovals: null,
    tasks: ['provision'],
  };
}

/** With its partitions and what plans ask about it. Throws `MigrationError` (PD623). */
export async function readTarget(engine: Engine, { now }: PlanContext, signal: AbortSignal): Promise<PartitionedTable> {
  const policy = targetPolicy(engine, null, false);
  const [state] = await readTables(engine.session, { policies: [policy], now, detached: [], holds: [] }, signal);
  if (state?.kind === 'partitioned') return state.table;
  const why = state === undefined ? 'it was not read' : state.obstacle.message;
  throw new MigrationError('PD623', `The target of the migration cannot be given partitions: ${why}`);
}

async function refuseOutliers(
  engine: Engine,
  table: PartitionedTable,
  { outliers }: Located,
  isBacklogAbsurd: boolean,
  signal: AbortSignal,
): Promise<void> {
  if (outliers.length === 0 && !isBacklogAbsurd) return;
  const hasDefault = engine.policy.defaultPartition !== 'none' || table.partitions.some(({ bound }) => bound.kind === 'default');
  if (hasDefault) return;
  const name = formatQualifiedName(engine.spec.table);
  const what = isBacklogAbsurd
    ? `The rows of ${name} reach back so far that more than 10,000 partitions would be needed`
    : `${name} holds rows too far ahead for partitions of their own (${outliers.join(', ')})`;
  const fix = `or give the table's entry a default partition (defaultPartition: managed); then run \`${migrateCommand('start', engine.spec.table)}\``;
  const reason = `${what}. Correct or remove these rows, ${fix}.`;
  await saveMigration(engine, { paused: { kind: 'far-future', reason } }, signal);
  throw new MigrationError('PD622', reason);
}

/** Under the ladder and the epoch, written down like any step. Throws what the first that fails does. */
export async function applySteps(engine: Engine, steps: readonly ProvisionStep[], signal: AbortSignal): Promise<void> {
  const { session, surroundings, guardSql } = engine;
  const { safety, clock, serverVersion, journalSchema, who } = surroundings;
  const reports = await applyPlan(
    session,
    steps,
    {
      serverVersion,
      budget: { attemptMs: safety.lockTimeoutMs, totalMs: safety.lockBudgetMs, pauseMs: safety.lockTimeoutMs },
      clock,
      journal: { schema: journalSchema, runId: randomUUID(), who },
      epochGuard: guardSql,
      readPartitionState: (tableOid, name) => readPartitionState(session, tableOid, name, signal),
      onEvent: (event) => {
        if (event.kind !== 'step-finished' || event.report.outcome !== 'ok') return;
        const step = `create partition ${formatQualifiedName(event.report.step.partition)}`;
        emit(engine, { kind: 'migration-step', step, sql: event.sql, durationMs: event.report.durationMs });
      },
    },
    signal,
  );
  for (const { outcome, error, step } of reports) {
    if (error !== null) throw error;
    signal.throwIfAborted();
    if (outcome !== 'ok') throw new InvariantError('PD920', `${formatQualifiedName(step.partition)} was not made, and nobody says why`);
  }
}

/** What LIKE does not carry: the guard, by which a partition counts as equipped, and options of columns. */
async function equipPartitions(engine: Engine, signal: AbortSignal): Promise<void> {
  const { spec, surroundings, id, record } = engine;
  if (record.live === 'target') return;
  for (const partition of await readTargetPartitions(engine, signal)) {
    if (partition.hasGuard) continue;
    const relation = formatQualifiedName(partition);
    const statements = [...renderGuard(surroundings.journalSchema, id, partition), ...renderColumnOptions(spec, partition)];
    await brief(engine, `guard ${relation}`, statements, [{ relation, mode: 'ShareRowExclusiveLock' }], signal, 'detail');
  }
}
