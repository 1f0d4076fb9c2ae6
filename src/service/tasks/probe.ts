import type { DatabasePolicy } from '../../partition/policy.ts';
import { formatQualifiedName, type QualifiedName } from '../../partition/qualified-name.ts';
import type { Session } from '../../postgres/session.ts';
import { keepResults, probeRun } from '../../probe/kept-results.ts';
import { runProbes } from '../../probe/run-probes.ts';
import { auditStatements } from '../../probe/statements/audit-statements.ts';
import { unprunedShare } from '../../probe/statements/unpruned-share.ts';
import { CollectorPace } from '../../reconcile/collection/collector-pace.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { ProbeLog } from '../../telemetry/probe-log.ts';
import type { Surroundings } from '../surroundings.ts';
import { nothingDone, type Performance } from './performance.ts';

/** Of the recorded statements, so many by total time are looked at: each is planned. */
const mostStatements = 200;

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

/**
 * Runs all probes of a database and keeps what they found, in metrics, log and journal; then looks, when that is due, which recorded statements
 * do not prune. The pass has failed when a probe could not be run; one that costs more than it may is what probes are for. An audit that fails is
 * told, and fails nothing. Throws what stops the database as a whole.
 */
export async function probe(
  session: Session,
  database: DatabasePolicy,
  { memory, guardSql, isThorough }: ProbeTerm,
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<Performance> {
  const { configuration, clock, metrics } = surroundings;
  const { safety } = configuration;
  const startedAt = clock.monotonicMs();
  const results = await runProbes(session, database, { safety, clock, tables: null }, signal);
  metrics.probesRun(database.name, results.map(probeRun));
  memory.log.passed(results, clock.monotonicMs() - startedAt);
  await keepResults(session, database.journalSchema, results, guardSql, signal);
  if (isThorough || memory.auditPace.isDue(clock.monotonicMs())) await audit(session, database, memory, surroundings, signal);
  const failed = distinct(results.filter(({ outcome }) => outcome === 'failed').map(({ table }) => table));
  return { ...nothingDone, outcome: failed.length === 0 ? 'ok' : 'failed', failed };
}

async function audit(
  session: Session,
  database: DatabasePolicy,
  { log, auditPace }: ProbeMemory,
  { configuration, clock, metrics }: Surroundings,
  signal: AbortSignal,
): Promise<void> {
  let isSuccess = false;
  try {
    const found = await auditStatements(session, database, { safety: configuration.safety, tables: null, most: mostStatements }, signal);
    const shares = unprunedShare(found);
    metrics.statementsAudited(database.name, found.obstacle === null ? shares : null);
    log.audited(found, shares);
    isSuccess = true;
  } catch (error) {
    signal.throwIfAborted();
    log.auditFailed(error);
  } finally {
    auditPace.ended(isSuccess, clock.monotonicMs());
  }
}

function distinct(tables: readonly QualifiedName[]): readonly QualifiedName[] {
  return [...new Map(tables.map((table) => [formatQualifiedName(table), table])).values()];
}
