import { ConnectionError } from '../../errors.ts';
import type { DatabasePolicy } from '../../partition/policy.ts';
import { formatQualifiedName, type QualifiedName } from '../../partition/qualified-name.ts';
import type { Clock } from '../../postgres/clock.ts';
import type { Session } from '../../postgres/session.ts';
import { keepResults, probeRun } from '../../probe/kept-results.ts';
import { type ProbeResult, runProbes } from '../../probe/run-probes.ts';
import { auditStatements } from '../../probe/statements/audit-statements.ts';
import { unprunedShare } from '../../probe/statements/unpruned-share.ts';
import { CollectorPace } from '../../reconcile/collection/collector-pace.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { ProbeLog } from '../../telemetry/probe-log.ts';
import { backoffMs } from '../backoff.ts';
import type { Surroundings } from '../surroundings.ts';
import { nothingDone, type Performance } from './performance.ts';
import type { Yielding } from './yielding.ts';

/** Of the recorded statements, so many by total time are looked at: each is planned. */
const mostStatements = 200;

/** The audit is the smaller part of a pass, and plans statement after statement. Milliseconds. */
const longestAuditMs = 60_000;

/** A server that a probe has brought down is back within seconds, or its next attempt is that of the next firing. */
const mostReconnects = 5;

/** What the passes of one term of leadership remember from one to the next. */
export class ProbeMemory {
  readonly log: ProbeLog;
  /** About every 15 minutes, and less often while it fails. */
  readonly auditPace: CollectorPace = new CollectorPace();

  constructor(logger: Logger, database: string) {
    this.log = new ProbeLog(logger, database);
  }
}

/** One pass of one term: what earlier ones remember, and what a writing transaction must begin with. */
export interface ProbeTerm {
  readonly memory: ProbeMemory;
  readonly guardSql: string;
  /** Somebody asked for it: recorded statements too, whether they are due or not. */
  readonly isThorough: boolean;
}

/** What a pass needs beside its session. */
export interface ProbeAids {
  readonly yielding: Yielding;
  /** Another session in place of a lost one, which is closed. */
  readonly reconnect: () => Promise<Session>;
}

/**
 * Runs all probes of a database and keeps what they found, in metrics, log and journal; then looks, when that is due, which recorded statements
 * do not prune. Both give way to whoever waits behind them. The pass has failed when a probe could not be run; one that costs more than it may
 * is what probes are for. An audit that fails is told, and fails nothing. A probe that takes the connection with it is run once: where there is
 * no other connection for the journal, what was found is in metrics and log alone. Throws what stops the database as a whole.
 */
export async function probe(
  session: Session,
  database: DatabasePolicy,
  { memory, guardSql, isThorough }: ProbeTerm,
  { yielding, reconnect }: ProbeAids,
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<Performance> {
  const { configuration, clock, metrics } = surroundings;
  const { safety } = configuration;
  const startedAt = clock.monotonicMs();
  let current: Session | null = session;
  const replace = async (): Promise<Session> => {
    current = null;
    current = await patiently(reconnect, clock, signal);
    return current;
  };
  const warn = (sentence: string): void => memory.log.warned(sentence);
  const context = { safety, clock, tables: null, reconnect: replace, giveWay: yielding.giveWay, warn };
  const results = await runProbes(session, database, context, signal);
  metrics.probesRun(database.name, results.map(probeRun));
  memory.log.passed(results, clock.monotonicMs() - startedAt);
  await keepAndAudit(current, database, results, { memory, guardSql, isThorough }, yielding, surroundings, signal);
  const failed = distinct(results.filter(({ outcome }) => outcome === 'failed').map(({ table }) => table));
  return { ...nothingDone, outcome: failed.length === 0 ? 'ok' : 'failed', failed };
}

/** At once after a crash the server refuses for a moment. */
async function patiently(reconnect: () => Promise<Session>, clock: Clock, signal: AbortSignal): Promise<Session> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await reconnect();
    } catch (error) {
      if (!(error instanceof ConnectionError) || attempt === mostReconnects) throw error;
    }
    await clock.sleep(backoffMs(attempt, clock), signal);
  }
}

/** `session` null: a probe took it away, and there is no other. */
async function keepAndAudit(
  session: Session | null,
  database: DatabasePolicy,
  results: readonly ProbeResult[],
  { memory, guardSql, isThorough }: ProbeTerm,
  yielding: Yielding,
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<void> {
  if (session === null) return;
  await keepResults(session, database.journalSchema, results, guardSql, signal);
  const { auditPace } = memory;
  const { clock } = surroundings;
  if (isThorough || auditPace.isDue(clock.monotonicMs())) await audit(session, database, memory, yielding, surroundings, signal);
}

async function audit(
  session: Session,
  database: DatabasePolicy,
  { log, auditPace }: ProbeMemory,
  { giveWay }: Yielding,
  { configuration, clock, metrics }: Surroundings,
  signal: AbortSignal,
): Promise<void> {
  let isSuccess = false;
  try {
    const context = { safety: configuration.safety, tables: null, most: mostStatements, withinMs: longestAuditMs };
    const found = await giveWay((own) => auditStatements(session, database, context, own), signal);
    const shares = unprunedShare(found);
    metrics.statementsAudited(database.name, found.obstacle === null ? shares : null);
    log.audited(found, shares);
    isSuccess = true;
  } catch (error) {
    signal.throwIfAborted();
    // What was found 15 minutes ago would go on to be shown as today's.
    metrics.statementsAudited(database.name, null);
    log.auditFailed(error);
  } finally {
    auditPace.ended(isSuccess, clock.monotonicMs());
  }
}

function distinct(tables: readonly QualifiedName[]): readonly QualifiedName[] {
  return [...new Map(tables.map((table) => [formatQualifiedName(table), table])).values()];
}
