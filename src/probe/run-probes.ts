import { readServerFacts } from '../catalog/read-server-facts.ts';
import { ConnectionError, type PartitiondError, StatementError } from '../errors.ts';
import type { DatabasePolicy, ProbePolicy, Safety, TablePolicy } from '../partition/policy.ts';
import type { EpochMicros, Range } from '../partition/position.ts';
import { formatQualifiedName, type QualifiedName, quoteIdentifier } from '../partition/qualified-name.ts';
import type { Clock } from '../postgres/clock.ts';
import type { Session } from '../postgres/session.ts';
import { sqlstates } from '../postgres/sqlstate.ts';
import { automaticProbe, emptyAutomaticProbe } from './automatic-probe.ts';
import { currentInterval, currentRanges } from './current-range.ts';
import { type GiveWay, type ProbeIdentity, ProbeTransactions } from './explain-probe.ts';
import { judgeProbe, missesPartitions } from './judge-probe.ts';
import { decodeMayRead, mayReadSql } from './may-read.sql.ts';
import { judgeStatement, namesIn } from './probe-statement.ts';
import type { ProbedTable } from './probed-table.ts';
import { type PlanNode, type QueryPlan, readQueryPlan } from './query-plan.ts';
import { inOrderOf, type PartitionedState, type ProbedState, readBounds, readProbedTables } from './read-probed-tables.ts';
import { decodePower, decodeRoleSetting, powerSql, roleSettingsSql } from './role-settings.sql.ts';
import { loadParser, type PostgresParser } from './syntax/postgres-parser.ts';
import { isPlanned, type TouchedPartitions, touchedPartitions } from './touched-partitions.ts';
import type { UnprunedReason } from './unpruned/reason.ts';
import { explainUnpruned } from './unpruned.ts';

/** One run of one probe. */
export interface ProbeResult {
  readonly table: QualifiedName;
  readonly probe: string;
  /** Whether it is the one that a table without probes gets. */
  readonly isAutomatic: boolean;
  readonly sql: string;
  /** Its end, by the clock of the database. */
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
  /** Another session in place of one that a probe took with it; without it the probes that are left have failed. It throws as `connectSession`. */
  readonly reconnect?: (signal: AbortSignal) => Promise<Session>;
  /** Without it nobody looks who waits behind a probe, which then runs for as long as its timeout lets it. */
  readonly giveWay?: GiveWay;
  /** Is told in a sentence what whoever answers for the database should know of this pass. */
  readonly warn?: (sentence: string) => void;
}

/**
 * Runs the probes of a database one after the other, each in a transaction of its own that is read-only and rolled back, with its own
 * statement timeout; see `ProbeTransactions` for what that prevents and what not. What is wrong with one is its result, and the others run;
 * results stand in the order of the tables and their probes. One that takes the connection with it has failed, is not tried again, and
 * those behind it run on another session, or have failed too. The session holds no advisory locks: a probe that is analysed gives all of
 * them back. Throws `ConnectionError` when the connection is lost between probes, what `reconnect` throws but for that, the signal's reason
 * on abort, and `StatementError` only when not even the server's clock can be read.
 */
export async function runProbes(
  session: Session,
  database: DatabasePolicy,
  context: ProbeContext,
  signal: AbortSignal,
): Promise<readonly ProbeResult[]> {
  const facts = await readServerFacts(session, context.clock, signal);
  const startedMs = context.clock.monotonicMs();
  const read = await readProbedTables(session, selectTables(database.tables, context.tables), signal);
  // Until its migration has made a partitioned table of it, there is nothing to prune.
  const states = read.filter((state) => state.kind !== 'failed' || state.policy.migration === null || state.error.sqlstate !== '42P01');
  const { clock } = context;
  const identity = await readIdentity(session, database.probeRole, signal);
  await warnOfPower(session, database.probeRole, states, context, signal);
  const run: Run = {
    session,
    transactions: transactionsOn(session, identity, context),
    parser: await loadParser(),
    startedAt: facts.now,
    now: () => facts.now + BigInt(Math.round((clock.monotonicMs() - startedMs) * 1000)),
  };
  const ranges = await integerRanges(states, run, signal);
  const replace = async (): Promise<Run | null> => {
    const other = await reconnected(context, signal);
    return other === null ? null : { ...run, session: other, transactions: transactionsOn(other, identity, context) };
  };
  return await runAll(states, ranges, run, replace, signal);
}

/** `replace`: the run on another session; null when there is none. */
async function runAll(
  states: readonly ProbedState[],
  ranges: ReadonlyMap<string, Range>,
  first: Run,
  replace: () => Promise<Run | null>,
  signal: AbortSignal,
): Promise<readonly ProbeResult[]> {
  const results: ProbeResult[] = [];
  let run: Run | null = first;
  let culprit = '';
  try {
    for (const state of states) {
      for (const probe of probesOf(state, ranges, first)) {
        signal.throwIfAborted();
        results.push(run === null ? failedResult(state, probe, first, notRun(culprit)) : await runProbe(state, probe, run, signal));
        if (run?.transactions.isLost !== true) continue;
        culprit = `${quoteIdentifier(probe.name)} of ${formatQualifiedName(state.policy.table)}`;
        run = await replace();
      }
    }
  } catch (error) {
    await run?.transactions.finish(signal).catch(() => undefined);
    throw error;
  }
  await run?.transactions.finish(signal);
  return results;
}

/** What the probe has done to the server may last: it answers with the loss, too. */
async function reconnected({ reconnect }: ProbeContext, signal: AbortSignal): Promise<Session | null> {
  if (reconnect === undefined) return null;
  try {
    return await reconnect(signal);
  } catch (error) {
    if (error instanceof ConnectionError) return null;
    throw error;
  }
}

function notRun(culprit: string): StatementError {
  const message = `The probe was not run: the connection was lost while the probe ${culprit} ran, and there was no other.`;
  return new StatementError('PD534', message, '08006');
}

function transactionsOn(session: Session, identity: ProbeIdentity, { safety, clock, giveWay }: ProbeContext): ProbeTransactions {
  return new ProbeTransactions(session, { identity, safety, clock, giveWay: giveWay ?? ((body, signal) => body(signal)) });
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
  return { role, settings: role === null ? [] : await session.rows(roleSettingsSql, [role], decodeRoleSetting, signal) };
}

/** A transaction that is rolled back does not undo everything that such a role may do from inside a query. */
async function warnOfPower(
  session: Session,
  probeRole: string | null,
  states: readonly ProbedState[],
  { warn }: ProbeContext,
  signal: AbortSignal,
): Promise<void> {
  const isRun = states.some(({ policy }) => policy.probes.some(({ analyze }) => analyze));
  if (warn === undefined || probeRole !== null || !isRun) return;
  const [power] = await session.rows(powerSql, [], decodePower, signal);
  if (power === undefined || !(power.isSuperuser || power.isReplication)) return;
  warn(
    `Probes that are run (\`analyze: true\`) have the rights of ${quoteIdentifier(power.role)}, ` +
      `${power.isSuperuser ? 'a superuser' : 'a role with REPLICATION'}: what their functions do outside of the transaction (replication ` +
      'slots, other servers, files) is not undone. Set `probeRole` to a role that may only read.',
  );
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
  const failed = (error: PartitiondError): ProbeResult => failedResult(state, probe, run, error);
  if (state.kind === 'failed') return failed(state.error);
  const isAutomatic = state.policy.probes.length === 0;
  const problem = isAutomatic ? null : judgeStatement(run.parser, probe.sql, probe.params.length);
  if (problem !== null) return failed(new StatementError('PD531', `The probe cannot be run: ${problem.message}.`, problem.sqlstate));
  try {
    const first = await explainOne(state, probe, run, signal);
    if (isAutomatic && isInDoubt(first, state)) return await runAtBounds(state, first, run, signal);
    if (!isAutomatic && !isPlanned(first.touched)) await assertMayRead(state, probe, run, signal);
    return await judge(first, state, run, signal);
  } catch (error) {
    if (error instanceof StatementError) return failed(error);
    throw error;
  }
}

/** Of a plan without the table: whether everything was pruned, or the probe has nothing to do with it, which would be met for ever. */
async function assertMayRead(state: PartitionedState, probe: ProbePolicy, run: Run, signal: AbortSignal): Promise<void> {
  const names = namesIn(run.parser, probe.sql);
  if (names === null) return;
  await run.transactions.finish(signal);
  const parameters = [state.table.oid, names.relations, names.functions];
  const [found] = await run.session.rows(mayReadSql, parameters, decodeMayRead, signal);
  if (found?.mayRead !== false) return;
  const table = formatQualifiedName(state.policy.table);
  const message =
    `The probe says nothing of ${table}: its \`sql\` names neither the table, nor a partition of it, nor a view or function that could ` +
    'read it. Move it to the table that it reads, or correct the name.';
  throw new StatementError('PD531', message, sqlstates.undefinedTable);
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
async function runAtBounds(state: PartitionedState, first: Explained, run: Run, signal: AbortSignal): Promise<ProbeResult> {
  await run.transactions.finish(signal);
  const range = (await currentRanges(run.session, [state], run.startedAt, signal)).get(state.table.oid);
  const probe = range === undefined ? first.probe : automaticProbe(state.parent, range);
  const isSame = probe.sql === first.probe.sql && probe.params.every((value, i) => value === first.probe.params[i]);
  const explained = isSame ? first : await explainOne(state, probe, run, signal);
  return await judge(explained, state, run, signal);
}

function failedResult(state: ProbedState, probe: ProbePolicy, run: Run, error: PartitiondError): ProbeResult {
  return { ...blank(state, probe, run.now()), problems: [error.message], error };
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
  { probe, plan, text, touched }: Explained,
  state: PartitionedState,
  run: Run,
  signal: AbortSignal,
): Promise<ProbeResult> {
  const problems = judgeProbe(probe.expect, plan, touched);
  const { planningMs, executionMs, buffers } = plan;
  const measured = { ...blank(state, probe, run.now()), problems, planningMs, executionMs, buffers, plan: text };
  if (problems.length === 0) return { ...measured, outcome: 'met', touched };
  const table = await inOrder(state, run, signal);
  const ordered = touchedPartitions(plan, table);
  const isTooMany = missesPartitions(probe.expect, touched);
  const unpruned = isTooMany ? await explainUnpruned(plan, table, probe.sql, { quotesValues: true }) : null;
  return { ...measured, outcome: 'missed', touched: ordered, unpruned };
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
