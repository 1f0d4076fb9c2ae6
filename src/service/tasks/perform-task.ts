import { NotLeaderError } from '../../errors.ts';
import { readRecords } from '../../migrate/run/standing.ts';
import type { DatabasePolicy, Safety } from '../../partition/policy.ts';
import type { QualifiedName } from '../../partition/qualified-name.ts';
import type { SessionSettings } from '../../postgres/pin-settings.ts';
import { connectSession, type Session } from '../../postgres/session.ts';
import type { Collection } from '../../reconcile/collection/collection.ts';
import { readPause } from '../../reconcile/read-pause.ts';
import { reconcileDatabase } from '../../reconcile/reconcile-database.ts';
import type { ReconcileContext, ReconcileRequest } from '../../reconcile/request.ts';
import { readIdentity } from '../election/leadership.ts';
import { conductMigrations } from '../migrations/conduct-migrations.ts';
import { type Candidate, eligible, migrationTables } from '../migrations/eligible.ts';
import type { Connect } from '../migrations/run-migration.ts';
import type { Surroundings } from '../surroundings.ts';
import type { BlockedSessions } from './blocked-sessions.sql.ts';
import { countEveryMs, watchBlockedSessions } from './blocked-sessions.ts';
import { collect } from './collect.ts';
import { nothingDone, type Performance, verdict } from './performance.ts';
import { type ProbeMemory, probe } from './probe.ts';
import type { ScheduledTaskName, WorkTaskName } from './schedule.ts';
import type { TermFacts } from './term-facts.ts';
import { daemonPlanFreshForMs, upkeepSurroundings } from './upkeep-surroundings.ts';
import { Yielding } from './yielding.ts';

/** A collection must give way to everybody: it waits this long for a lock, then keeps what it knew. */
const collectorLockTimeoutMs = 100;

/**
 * A process that is stopped or cut off must have lost the connection of its run before its lock is anybody else's (15 s after its last word
 * at the earliest): DETACH CONCURRENTLY cannot check the epoch in its own message. Not sooner than the longest pause between two attempts
 * to get a lock, which is 15 lock timeouts.
 */
function runIdleTimeoutMs(lockTimeoutMs: number): number {
  return Math.max(10_000, 16 * lockTimeoutMs);
}

export interface Order {
  readonly task: ScheduledTaskName;
  /** For tasks that change something; null: all tables. */
  readonly tables: readonly QualifiedName[] | null;
  /** Those of them to begin with. */
  readonly first: readonly QualifiedName[];
  /** For collections: what earlier ones of the same term have found. */
  readonly collection: Collection;
  /** For probes: what earlier passes of the same term remember. */
  readonly probing: ProbeMemory;
  /** Of a collection or a pass over the probes: whether it is to leave out nothing. */
  readonly isThorough: boolean;
  /** Told as soon as it is known whether work is paused, and again when that comes in the middle of the run. */
  readonly heedPause: (pause: Performance['pause']) => void;
}

/**
 * Runs a task once on a connection of its own, which picks up rotated secrets and leaves none standing between runs. Throws
 * `ConnectionError` when the connection failed before the first table had its turn (later, the performance tells of it), `NotLeaderError` when a newer epoch exists or the connection ended up elsewhere, and whatever stops the database as a whole.
 */
export async function performTask(
  order: Order,
  database: DatabasePolicy,
  facts: TermFacts,
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<Performance> {
  const { safety } = surroundings.configuration;
  const settings = sessionOf(order.task, safety);
  const observer = surroundings.metrics.sessionObserver(database.name);
  const idleTimeoutMs = runIdleTimeoutMs(safety.lockTimeoutMs);
  const connect = (): Promise<Session> => connectSession(database.connection, { ...settings, observer, idleTimeoutMs }, signal);
  const migrations = order.task === 'migrate' ? migrationTables(database, order.tables) : [];
  if (order.task === 'migrate' && !(await mayHaveWork(migrations, database, facts))) return { ...nothingDone, outcome: 'ok' };
  let session = await connect();
  try {
    await assertSameServer(session, database, facts, signal);
    const pause = await readPause(session, database.journalSchema, signal);
    order.heedPause(pause);
    if (order.task === 'collect') {
      const { collection, isThorough } = order;
      return await collect(session, database, { collection, guardSql: facts.guardSql, isThorough }, surroundings, signal);
    }
    const { clock, metrics } = surroundings;
    const watched = async (run: () => Promise<Performance>, yielding: Yielding | null): Promise<Performance> => {
      const tell = (blocked: BlockedSessions): void => {
        metrics.blockedSessions(database.name, blocked.count);
        yielding?.heed(blocked);
      };
      // Whoever is to give way in time must look as often.
      const everyMs = yielding === null ? countEveryMs : Math.min(countEveryMs, safety.lockTimeoutMs);
      const observing = { session: facts.lockSession, clock, everyMs, tell };
      return await watchBlockedSessions({ pid: () => session.pid, run }, observing, facts.termSignal);
    };
    if (order.task === 'probe') {
      const term = { memory: order.probing, guardSql: facts.guardSql, isThorough: order.isThorough };
      const yielding = new Yielding(safety.lockTimeoutMs, clock);
      const reconnect = async (): Promise<Session> => {
        await session.close();
        session = await connect();
        await assertSameServer(session, database, facts, signal);
        return session;
      };
      return await watched(() => probe(session, database, term, { yielding, reconnect }, surroundings, signal), yielding);
    }
    if (pause !== null) return { ...nothingDone, outcome: 'paused', pause };
    if (order.task === 'migrate') {
      const work = { database, tables: migrations };
      const performance = await conductMigrations(session, work, connector(database, facts, surroundings), surroundings, signal);
      if (performance.pause !== null) order.heedPause(performance.pause);
      return performance;
    }
    const { task, tables, first } = order;
    const performance = await watched(() => maintain(session, { task, tables, first }, database, facts, surroundings, signal), null);
    if (performance.pause !== null) order.heedPause(performance.pause);
    return performance;
  } finally {
    await session.close();
  }
}

/**
 * Most databases have no migration, and a minute's look is no reason for a connection of its own: the journal is asked on that of the lock. Where an
 * entry has a block, or a default partition that may have to be emptied, the run itself looks.
 */
async function mayHaveWork(tables: readonly Candidate[], { journalSchema }: DatabasePolicy, facts: TermFacts): Promise<boolean> {
  if (tables.some(({ policy, hasBlock }) => hasBlock || policy.defaultPartition === 'managed')) return true;
  if (tables.length === 0) return false;
  const records = await readRecords({ session: facts.lockSession, journalSchema }, facts.termSignal);
  return eligible(tables, records).length > 0;
}

/** Who a run is to the server, and how long it waits there. */
function sessionOf(task: ScheduledTaskName, { statementTimeoutMs, lockTimeoutMs }: Safety): SessionSettings {
  if (task === 'collect') return { applicationName: 'partitiond/collector', statementTimeoutMs, lockTimeoutMs: collectorLockTimeoutMs };
  return { applicationName: task === 'probe' ? 'partitiond:probe' : 'partitiond:run', statementTimeoutMs, lockTimeoutMs };
}

/** Sessions of a migration, without idle timeout: its own lease fences whoever has lost it. */
function connector(database: DatabasePolicy, facts: TermFacts, { configuration, metrics }: Surroundings): Connect {
  const { lockTimeoutMs } = configuration.safety;
  const observer = metrics.sessionObserver(database.name);
  return async (applicationName, signal) => {
    const settings = { applicationName, statementTimeoutMs: 0, lockTimeoutMs, observer };
    const session = await connectSession(database.connection, settings, signal);
    try {
      await assertSameServer(session, database, facts, signal);
      return session;
    } catch (error) {
      await session.close();
      throw error;
    }
  };
}

/** A name may point elsewhere since the lock was taken: to a standby, to the new primary, to a copy. Only where the lock is does it mean anything. */
async function assertSameServer(session: Session, database: DatabasePolicy, { identity }: TermFacts, signal: AbortSignal): Promise<void> {
  const found = await readIdentity(session, signal);
  const isSame = found.systemIdentifier === identity.systemIdentifier && found.databaseOid === identity.databaseOid;
  if (isSame && !found.isInRecovery) return;
  const what = isSame ? 'a standby' : 'another server or database';
  throw new NotLeaderError('PD306', `The connection of database ${database.name} now leads to ${what}, where this process does not lead.`);
}

async function maintain(
  session: Session,
  { task, tables, first }: Pick<Order, 'tables' | 'first'> & { readonly task: WorkTaskName },
  database: DatabasePolicy,
  { guardSql }: TermFacts,
  { clock, configuration, logRun, metrics, who }: Surroundings,
  signal: AbortSignal,
): Promise<Performance> {
  const { safety, journal } = configuration;
  const observe: ReconcileContext['observe'] = (event) => {
    logRun(event);
    metrics.observeRun(event, task);
  };
  const observed = { observer: metrics.sessionObserver(database.name), idleTimeoutMs: runIdleTimeoutMs(safety.lockTimeoutMs) };
  const upkeep = upkeepSurroundings(database, safety, daemonPlanFreshForMs, observed);
  const context: ReconcileContext = { safety, clock, observe, who, epochGuard: guardSql, journalKeepMs: journal.keepMs, upkeep };
  const request: ReconcileRequest = { mode: 'apply', tasks: [task], tables, first, now: null, allowRemovals: null };
  return verdict(await reconcileDatabase(session, database, request, context, signal), signal);
}
