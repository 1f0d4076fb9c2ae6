import { readServerFacts } from '../catalog/read-server-facts.ts';
import { type PartitiondError, StatementError } from '../errors.ts';
import type { DatabasePolicy, ProbePolicy, Safety, TablePolicy } from '../partition/policy.ts';
import type { EpochMicros, Range } from '../partition/position.ts';
import type { QualifiedName } from '../partition/qualified-name.ts';
import type { Clock } from '../postgres/clock.ts';
import type { Session } from '../postgres/session.ts';
import { sqlstates } from '../postgres/sqlstate.ts';
import { automaticProbe, emptyAutomaticProbe } from './automatic-probe.ts';
import { currentInterval, currentRanges } from './current-range.ts';
import { type ProbeIdentity, ProbeTransactions } from './explain-probe.ts';
import { judgeProbe, missesPartitions } from './judge-probe.ts';
import { judgeStatement } from './probe-statement.ts';
import type { ProbedTable } from './probed-table.ts';
import { type PlanNode, type QueryPlan, readQueryPlan } from './query-plan.ts';
import { inOrderOf, type PartitionedState, type ProbedState, readBounds, readProbedTables } from './read-probed-tables.ts';
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
  const { safety, clock } = context;
  const identity = await readIdentity(session, database.probeRole, signal);
  const run: Run = {
    session,
    transactions: new ProbeTransactions(session, { identity, safety, clock }),
    parser: await loadParser(),
    startedAt: facts.now,
    now: () => facts.now + BigInt(Math.round((clock.monotonicMs() - startedMs) * 1000)),
  };
  const results: ProbeResult[] = [];
  try {
    const ranges = await integerRanges(states, run, signal);
    for (const state of states) {
      for (const probe of probesOf(state, ranges, run)) {
        signal.throwIfAborted();
        results.push(await runProbe(state, probe, run, signal));
      }
    }
  } catch (error) {
    await run.transactions.finish(signal).catch(() => undefined);
    throw error;
  }
  await run.transactions.finish(signal);
  return results;
}

interface Run {
  readonly session: Session;
  readonly transactions: ProbeTransactions;
  readonly parser: PostgresParser;
  /** Clock of the database, at the start of the pass and now. */
  readonly startedAt: EpochMicros;
  readonly now: () => EpochMicros;
}

function selectTables(policies: readonly TablePolicy[], names: readonly QualifiedName[] | null): readonly TablePolicy[] {
  if (names === null) return policies;
  return policies.filter(({ table }) => names.some(({ schema, name }) => schema === table.schema && name === table.name));
}

async function readIdentity(session: Session, role: string | null, signal: AbortSignal): Promise<ProbeIdentity> {
  if (role === null) return { role, searchPath: null };
  const [setting] = await session.rows(searchPathSql, [role], decodeSearchPath, signal);
  return { role, searchPath: setting?.path ?? null };
}

/** An integer key tells no time, so that only the partitions say where a table stands. By the oid of the table. */
async function integerRanges(states: readonly ProbedState[], run: Run, signal: AbortSignal): Promise<ReadonlyMap<string, Range>> {
  const partitioned = states.filter((state) => state.kind === 'partitioned');
  const bare = partitioned.filter(({ policy, parent }) => policy.probes.length === 0 && parent.codec.axis === 'integer');
  try {
    return await currentRanges(run.session, bare, run.startedAt, signal);
  } catch (error) {
    // Then each asks for itself, when its probe is not met.
    if (error instanceof StatementError) return new Map();
    throw error;
  }
}

/** Also of a table that cannot be read: each of its probes has failed. */
function probesOf(state: ProbedState, ranges: ReadonlyMap<string, Range>, run: Run): readonly ProbePolicy[] {
  if (state.policy.probes.length > 0) return state.policy.probes;
  if (state.kind === 'failed') return [emptyAutomaticProbe];
  return [automaticProbe(state.parent, ranges.get(state.table.oid) ?? currentInterval(state, run.startedAt))];
}

async function runProbe(state: ProbedState, probe: ProbePolicy, run: Run, signal: AbortSignal): Promise<ProbeResult> {
  const ranAt = run.now();
  const failed = (error: PartitiondError): ProbeResult => ({ ...blank(state, probe, ranAt), problems: [error.message], error });
  if (state.kind === 'failed') return failed(state.error);
  const isAutomatic = state.policy.probes.length === 0;
  const problem = isAutomatic ? null : judgeStatement(run.parser, probe.sql, probe.params.length);
  if (problem !== null) return failed(new StatementError('PD531', `The probe cannot be run: ${problem.message}.`, problem.sqlstate));
  try {
    const first = await explainOne(state, probe, run, signal);
    if (isAutomatic && isInDoubt(first, state)) return await runAtBounds(state, first, ranAt, run, signal);
    return { ...blank(state, probe, ranAt), ...(await judge(first, state, probe, run, signal)) };
  } catch (error) {
    if (error instanceof StatementError) return failed(error);
    throw error;
  }
}

interface Explained {
  readonly probe: ProbePolicy;
  readonly text: string;
  readonly plan: QueryPlan;
  readonly touched: TouchedPartitions;
}

async function explainOne(state: PartitionedState, probe: ProbePolicy, run: Run, signal: AbortSignal): Promise<Explained> {
  const text = await run.transactions.explain(probe, state.policy.probes.length === 0, signal);
  const plan = readQueryPlan(text);
  if (isWrite(plan.root)) {
    const message = 'The probe cannot be run: PostgreSQL plans it as a change of rows, and a probe only reads.';
    throw new StatementError('PD531', message, sqlstates.readOnlyTransaction);
  }
  return { probe, text, plan, touched: touchedPartitions(plan, state.table) };
}

/** Where one partition holds the interval that the policy cuts at now, nothing else need be known; mostly that is so. */
function isInDoubt({ touched: { scanned } }: Explained, { defaultPartition }: PartitionedState): boolean {
  const [only] = scanned;
  return scanned.length !== 1 || (only?.name === defaultPartition?.name && only?.schema === defaultPartition?.schema);
}

/** Once more with the range of the partition that is worked on, where it has another one; partitions may lie off the grid, or not reach now. */
async function runAtBounds(
  state: PartitionedState,
  first: Explained,
  ranAt: EpochMicros,
  run: Run,
  signal: AbortSignal,
): Promise<ProbeResult> {
  await run.transactions.finish(signal);
  const range = (await currentRanges(run.session, [state], run.startedAt, signal)).get(state.table.oid);
  const probe = range === undefined ? first.probe : automaticProbe(state.parent, range);
  const isSame = probe.sql === first.probe.sql && probe.params.every((value, i) => value === first.probe.params[i]);
  const explained = isSame ? first : await explainOne(state, probe, run, signal);
  return { ...blank(state, probe, ranAt), ...(await judge(explained, state, probe, run, signal)) };
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

async function judge(
  { plan, text, touched }: Explained,
  state: PartitionedState,
  probe: ProbePolicy,
  run: Run,
  signal: AbortSignal,
): Promise<Partial<ProbeResult>> {
  const problems = judgeProbe(probe.expect, plan, touched);
  const { planningMs, executionMs, buffers } = plan;
  const measured = { problems, planningMs, executionMs, buffers, plan: text };
  if (problems.length === 0) return { ...measured, outcome: 'met', touched };
  const table = await inOrder(state, run, signal);
  const isTooMany = missesPartitions(probe.expect, touched);
  const unpruned = isTooMany ? await explainUnpruned(plan, table, probe.sql, { quotesValues: true }) : null;
  return { ...measured, outcome: 'missed', touched: touchedPartitions(plan, table), unpruned };
}

/** Whoever reads of a miss wants the partitions in their order; without the order it is still a miss. */
async function inOrder(state: PartitionedState, run: Run, signal: AbortSignal): Promise<ProbedTable> {
  await run.transactions.finish(signal);
  try {
    const bounds = await readBounds(run.session, [state], signal);
    return inOrderOf(state.table, bounds.get(state.table.oid) ?? []);
  } catch (error) {
    if (error instanceof StatementError) return state.table;
    throw error;
  }
}

/** Where our parser is older than the server the plan tells. */
function isWrite({ kind, children }: PlanNode): boolean {
  return kind === 'ModifyTable' || kind === 'LockRows' || children.some(isWrite);
}
