import { readEvidence } from '../catalog/read-evidence.ts';
import { readTables } from '../catalog/read-tables.ts';
import { ConnectionError, type PartitiondError, StatementError } from '../errors.ts';
import type { JournalContents } from '../journal/read-journal.ts';
import type { Evidence, PartitionedTable, ServerFacts, TableState } from '../partition/partition.ts';
import type { TablePolicy } from '../partition/policy.ts';
import { formatQualifiedName } from '../partition/qualified-name.ts';
import type { UpkeepMarks } from '../partition/upkeep.ts';
import type { Plan, Questions } from '../plan/plan.ts';
import type { PlanContext } from '../plan/plan-context.ts';
import { planObstacle, planTable } from '../plan/plan-table.ts';
import { questions } from '../plan/questions.ts';
import { holdsUnderMigration, planUnderMigration, policyUnderMigration } from '../plan/under-migration.ts';
import type { Session } from '../postgres/session.ts';
import { sqlstates } from '../postgres/sqlstate.ts';
import { breather } from './breather.ts';
import type { ReconcileContext, ReconcileRequest } from './request.ts';
import { toPartitiondError } from './to-partitiond-error.ts';
import { withUpkeep } from './upkeep-reading.ts';

/** One table after reading and planning; `error` excludes a plan. */
export interface PlannedTable {
  readonly policy: TablePolicy;
  readonly state: TableState | null;
  readonly plan: Plan | null;
  readonly error: PartitiondError | null;
}

const noEvidence: Evidence = { occupiedInDefault: [], referenced: new Map(), takenNames: new Set(), template: null };

/** What all tables are read and planned with. */
export interface Reading {
  readonly session: Session;
  readonly journal: JournalContents;
  /** Null: the run is not about upkeep, and no facts of it are read. */
  readonly marks: UpkeepMarks | null;
  readonly facts: ServerFacts;
  readonly request: ReconcileRequest;
  readonly context: Pick<ReconcileContext, 'safety' | 'clock'>;
  readonly signal: AbortSignal;
}

/**
 * Reads and plans all `policies` with a constant number of catalog queries, aligned with them. Planning happens twice where the first
 * pass has questions: it names what it must know, that alone is read, and the second pass decides. When reading all tables together
 * fails for a reason that is not the connection, each is read on its own, so that one bad table cannot stop the others.
 */
export async function planTables(policies: readonly TablePolicy[], reading: Reading): Promise<readonly PlannedTable[]> {
  const { signal } = reading;
  try {
    return await planTogether(policies, reading);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ConnectionError) throw error;
    if (policies.length === 1) return policies.map((policy) => failed(policy, error, signal));
    return await planOneByOne(policies, reading, error);
  }
}

/** Together they may have failed for being slow; one by one that would be a statement timeout for each table, so the whole has an end. */
async function planOneByOne(policies: readonly TablePolicy[], reading: Reading, cause: unknown): Promise<readonly PlannedTable[]> {
  const { signal, context } = reading;
  const { clock, safety } = context;
  const withinMs = safety.statementTimeoutMs === 0 ? Number.POSITIVE_INFINITY : 2 * safety.statementTimeoutMs;
  const startedAt = clock.monotonicMs();
  const planned: PlannedTable[] = [];
  for (const policy of policies) {
    try {
      if (clock.monotonicMs() - startedAt >= withinMs) throw notReached(policy, withinMs, cause);
      planned.push(...(await planTogether([policy], reading)));
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof ConnectionError) throw error;
      planned.push(failed(policy, error, signal));
    }
  }
  return planned;
}

function notReached(policy: TablePolicy, withinMs: number, cause: unknown): StatementError {
  const message =
    `Table ${formatQualifiedName(policy.table)} was not looked at: reading all tables together failed, and reading them one by one took more ` +
    `than ${withinMs} ms (twice safety.statementTimeout). Look for what slows the catalog down, or raise safety.statementTimeout.`;
  return new StatementError('PD504', message, sqlstates.queryCanceled, { cause });
}

async function planTogether(policies: readonly TablePolicy[], reading: Reading): Promise<readonly PlannedTable[]> {
  const { session, journal, marks, facts, request, context, signal } = reading;
  const underway = new Map(journal.migrations.map((migration) => [formatQualifiedName(migration.table), migration]));
  const acting = policies.map((policy) => policyUnderMigration(policy, underway.get(formatQualifiedName(policy.table))));
  const planContext: PlanContext = {
    now: request.now ?? facts.now,
    clockSkewMs: Number(facts.now - facts.localNow) / 1000,
    safety: context.safety,
    allowRemovals: request.allowRemovals,
    tasks: request.tasks,
  };
  const read = await readTables(
    session,
    {
      policies: acting,
      now: planContext.now,
      detached: journal.detached,
      holds: [...journal.holds, ...holdsUnderMigration(journal.migrations)],
    },
    signal,
  );
  const states = await withUpkeep(read, policies, marks, session, signal);
  const asks: { readonly index: number; readonly table: PartitionedTable; readonly questions: Questions }[] = [];
  const breathe = breather(context.clock);
  for (const [index, policy] of acting.entries()) {
    await breathe();
    const state = states[index];
    if (state?.kind !== 'partitioned') continue;
    const asked = questions(policy, state.table, planContext);
    if (hasQuestions(asked)) asks.push({ index, table: state.table, questions: asked });
  }
  const answers = asks.length === 0 ? [] : await readEvidence(session, asks, signal);
  const evidence = new Map(asks.map((ask, i) => [ask.index, answers[i] ?? noEvidence]));
  const planned: PlannedTable[] = [];
  for (const [index, policy] of policies.entries()) {
    await breathe();
    const decided = decide(acting[index] ?? policy, states[index], evidence.get(index) ?? noEvidence, planContext, signal);
    const migration = underway.get(formatQualifiedName(policy.table));
    const plan = decided.plan === null ? null : planUnderMigration(decided.plan, policy, migration);
    planned.push({ ...decided, policy, plan });
  }
  return planned;
}

function decide(
  policy: TablePolicy,
  state: TableState | undefined,
  evidence: Evidence,
  context: PlanContext,
  signal: AbortSignal,
): PlannedTable {
  if (state === undefined) return failed(policy, new TypeError('readTables left a table out'), signal);
  try {
    const plan =
      state.kind === 'partitioned' ? planTable(policy, state.table, evidence, context) : planObstacle(state.name, state.obstacle);
    return { policy, state, plan, error: null };
  } catch (error) {
    return { ...failed(policy, error, signal), state };
  }
}

function hasQuestions(asked: Questions): boolean {
  return asked.needsTemplate || asked.defaultRanges.length > 0 || asked.referencedOids.length > 0 || asked.names.length > 0;
}

function failed(policy: TablePolicy, error: unknown, signal: AbortSignal): PlannedTable {
  return { policy, state: null, plan: null, error: toPartitiondError(error, `read and plan ${formatQualifiedName(policy.table)}`, signal) };
}
