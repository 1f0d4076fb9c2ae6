import { readServerFacts } from '../catalog/read-server-facts.ts';
import { type PartitiondError, StatementError } from '../errors.ts';
import type { DatabasePolicy, ProbePolicy, Safety, TablePolicy } from '../partition/policy.ts';
import { type EpochMicros, MAXVALUE, MINVALUE } from '../partition/position.ts';
import type { QualifiedName } from '../partition/qualified-name.ts';
import type { Clock } from '../postgres/clock.ts';
import type { Session } from '../postgres/session.ts';
import { sqlstates } from '../postgres/sqlstate.ts';
import { automaticProbe, emptyAutomaticProbe } from './automatic-probe.ts';
import { currentRanges } from './current-range.ts';
import { explainProbe, type ProbeIdentity, type ProbeRun } from './explain-probe.ts';
import { judgeProbe, missesPartitions } from './judge-probe.ts';
import { judgeStatement } from './probe-statement.ts';
import type { ProbedTable } from './probed-table.ts';
import { type PlanNode, readQueryPlan } from './query-plan.ts';
import { type ProbedState, readProbedTables } from './read-probed-tables.ts';
import { decodeSearchPath, searchPathSql } from './search-path.sql.ts';
import { loadParser, type PostgresParser } from './syntax/postgres-parser.ts';
import { type TouchedPartitions, touchedPartitions } from './touched-partitions.ts';
import { explainUnpruned, type UnprunedReason } from './unpruned.ts';

/** One run of one probe. */
export interface ProbeResult {
  readonly table: QualifiedName;
  readonly probe: string;
  /** Whether it is the one that a table without probes gets. */
  readonly isAutomatic: boolean;
  readonly sql: string;
  readonly ranAt: EpochMicros;
  readonly outcome: 'met' | 'missed' | 'failed';
  /** One sentence each: what was missed, or why it failed; empty when met. */
  readonly problems: readonly string[];
  /** Set when it failed. */
  readonly error: PartitiondError | null;
  /** Null when it failed. */
  readonly touched: TouchedPartitions | null;
  readonly allowed: number | null;
  readonly planningMs: number | null;
  readonly executionMs: number | null;
  readonly buffers: { readonly hit: number; readonly read: number } | null;
  /** Only of one that touched more than it may. */
  readonly unpruned: UnprunedReason | null;
  /** EXPLAIN's JSON; null when it failed. */
  readonly plan: string | null;
}

export interface ProbeContext {
  readonly safety: Safety;
  readonly clock: Clock;
  /** Of the database's tables, those to look at; null: all. */
  readonly tables: readonly QualifiedName[] | null;
}

/**
 * Runs the probes of a database one after the other, each in a transaction of its own that is read-only and rolled back, with its own
 * statement timeout. What is wrong with one is its result, and the others run; results stand in the order of the tables and their probes.
 * The session holds no advisory locks: a probe that is analysed gives all of them back. Throws `ConnectionError`, the signal's reason on
 * abort, and `StatementError` only when not even the server's clock can be read.
 */
export async function runProbes(
  session: Session,
  database: DatabasePolicy,
  context: ProbeContext,
  signal: AbortSignal,
): Promise<readonly ProbeResult[]> {
  const facts = await readServerFacts(session, context.clock, signal);
  const startedMs = context.clock.monotonicMs();
  const states = await readProbedTables(session, selectTables(database.tables, context.tables), signal);
  const automatic = await automaticProbes(session, states, facts.now, signal);
  const run: Run = {
    safety: context.safety,
    clock: context.clock,
    identity: await readIdentity(session, database.probeRole, signal),
    parser: await loadParser(),
    now: () => facts.now + BigInt(Math.round((context.clock.monotonicMs() - startedMs) * 1000)),
  };
  const results: ProbeResult[] = [];
  for (const state of states) {
    for (const probe of probesOf(state, automatic)) {
      signal.throwIfAborted();
      results.push(await runProbe(session, state, probe, run, signal));
    }
  }
  return results;
}

interface Run extends ProbeRun {
  readonly parser: PostgresParser;
  /** Clock of the database. */
  readonly now: () => EpochMicros;
}

function selectTables(policies: readonly TablePolicy[], names: readonly QualifiedName[] | null): readonly TablePolicy[] {
  if (names === null) return policies;
  return policies.filter(({ table }) => names.some(({ schema, name }) => schema === table.schema && name === table.name));
}

async function automaticProbes(
  session: Session,
  states: readonly ProbedState[],
  now: EpochMicros,
  signal: AbortSignal,
): Promise<ReadonlyMap<ProbedState, ProbePolicy>> {
  const bare = states.filter((state) => state.kind === 'partitioned').filter(({ policy }) => policy.probes.length === 0);
  const ranges = await currentRanges(session, bare, now, signal);
  return new Map(bare.map((state, i) => [state, automaticProbe(state.parent, ranges[i] ?? { from: MINVALUE, to: MAXVALUE })]));
}

async function readIdentity(session: Session, role: string | null, signal: AbortSignal): Promise<ProbeIdentity> {
  if (role === null) return { role, searchPath: null };
  const [setting] = await session.rows(searchPathSql, [role], decodeSearchPath, signal);
  return { role, searchPath: setting?.path ?? null };
}

/** Also of a table that cannot be read: each of its probes has failed. */
function probesOf(state: ProbedState, automatic: ReadonlyMap<ProbedState, ProbePolicy>): readonly ProbePolicy[] {
  if (state.policy.probes.length > 0) return state.policy.probes;
  return [automatic.get(state) ?? emptyAutomaticProbe];
}

async function runProbe(session: Session, state: ProbedState, probe: ProbePolicy, run: Run, signal: AbortSignal): Promise<ProbeResult> {
  const ranAt = run.now();
  const failed = (error: PartitiondError): ProbeResult => ({ ...blank(state, probe, ranAt), problems: [error.message], error });
  if (state.kind === 'failed') return failed(state.error);
  const problem = judgeStatement(run.parser, probe.sql, probe.params.length);
  if (problem !== null) return failed(new StatementError('PD531', `The probe cannot be run: ${problem.message}.`, problem.sqlstate));
  try {
    const text = await explainProbe(session, probe, run, signal);
    return { ...blank(state, probe, ranAt), ...(await judge(text, state.table, probe)) };
  } catch (error) {
    if (error instanceof StatementError) return failed(error);
    throw error;
  }
}

function blank({ policy }: ProbedState, probe: ProbePolicy, ranAt: EpochMicros): ProbeResult {
  return {
    table: policy.table,
    probe: probe.name,
    isAutomatic: policy.probes.length === 0,
    sql: probe.sql,
    ranAt,
    outcome: 'failed',
    problems: [],
    error: null,
    touched: null,
    allowed: probe.expect.partitions,
    planningMs: null,
    executionMs: null,
    buffers: null,
    unpruned: null,
    plan: null,
  };
}

async function judge(text: string, table: ProbedTable, probe: ProbePolicy): Promise<Partial<ProbeResult>> {
  const plan = readQueryPlan(text);
  if (isWrite(plan.root)) {
    const message = 'The probe cannot be run: PostgreSQL plans it as a change of rows, and a probe only reads.';
    throw new StatementError('PD531', message, sqlstates.readOnlyTransaction);
  }
  const touched = touchedPartitions(plan, table);
  const problems = judgeProbe(probe.expect, plan, touched);
  const { planningMs, executionMs, buffers } = plan;
  return {
    outcome: problems.length === 0 ? 'met' : 'missed',
    problems,
    touched,
    planningMs,
    executionMs,
    buffers,
    unpruned: missesPartitions(probe.expect, touched) ? await explainUnpruned(plan, table, probe.sql, { quotesValues: true }) : null,
    plan: text,
  };
}

/** Where our parser is older than the server the plan tells. */
function isWrite({ kind, children }: PlanNode): boolean {
  return kind === 'ModifyTable' || kind === 'LockRows' || children.some(isWrite);
}
