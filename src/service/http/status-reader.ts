import type { DatabasePolicy } from '../../partition/policy.ts';
import { connectSession } from '../../postgres/session.ts';
import { readDatabaseStatus } from '../../reconcile/read-status.ts';
import type { DatabaseStatus } from '../../reconcile/status.ts';
import { errorFields } from '../../telemetry/error-fields.ts';
import type { RefusalReason } from '../../telemetry/metrics.ts';
import { withoutSecrets } from '../../telemetry/without-secrets.ts';
import type { Surroundings } from '../surroundings.ts';
import { type NextRun, nextRuns } from '../tasks/next-runs.ts';

/** What `status --json` prints of a database, and what this process is to it. */
export interface ServedStatus extends DatabaseStatus {
  readonly leadership: {
    readonly isLeading: boolean;
    /** Of the term; null while following. */
    readonly epoch: string | null;
    /** Why this process must not lead; null: it may. */
    readonly refused: RefusalReason | null;
  };
  /** When this process runs each task next if it leads then, soonest first; tasks that are switched off are absent. */
  readonly nextRuns: readonly NextRun[];
}

/** Who works on the databases now. */
export interface StatusSource {
  readonly surroundings: Surroundings;
  [Symbol.iterator](): Iterator<Standing>;
}

export interface Standing {
  readonly name: string;
  readonly isLeading: boolean;
  readonly epoch: bigint | null;
  readonly refused: RefusalReason | null;
}

/** Reads one database; never rejects. */
type ReadOne = (database: DatabasePolicy, surroundings: Surroundings) => Promise<DatabaseStatus>;

/** An answer is kept this long, so that many readers cost a database no more than one. */
const freshMs = 1_000;

/** Nobody waits longer for one database: another that answers must not be out of sight meanwhile. */
const answerWithinMs = 5_000;

/** A reading that took longer than that goes on, up to this, and is kept for the readers who come later, or none would ever see it. */
const readWithinMs = 20_000;
const freshWhenLateMs = 30_000;

/** Of one database: under way, or done and fresh for a while. */
interface Reading {
  readonly surroundings: Surroundings;
  answer: Promise<DatabaseStatus>;
  freshUntilMs: number;
}

/**
 * Reads the status of the databases named so, or all, each on a short connection of its own; requests that come together share one answer of
 * each, until a reload. A database that cannot be read, or not within 5 s, says so in `error`. Never rejects.
 */
export function createStatusReader(
  source: StatusSource,
  readOne: ReadOne = readDatabase,
): (names?: readonly string[]) => Promise<readonly ServedStatus[]> {
  const readings = new Map<string, Reading>();
  const read = (database: DatabasePolicy): Promise<DatabaseStatus> => {
    const { surroundings } = source;
    const known = readings.get(database.name);
    const isFresh = known?.surroundings === surroundings && surroundings.clock.monotonicMs() <= known.freshUntilMs;
    const reading = isFresh ? known : startReading(database, surroundings, readOne);
    readings.set(database.name, reading);
    return reading.answer;
  };
  return async (names) => {
    const { databases, schedules } = source.surroundings.configuration;
    for (const name of readings.keys()) if (!databases.some((database) => database.name === name)) readings.delete(name);
    const statuses = await Promise.all(databases.filter(({ name }) => names?.includes(name) ?? true).map(read));
    const standings = new Map([...source].map((standing) => [standing.name, standing]));
    return statuses.map((status) => ({
      ...status,
      leadership: leadershipOf(standings.get(status.database)),
      nextRuns: nextRuns(status.database, schedules),
    }));
  };
}

function startReading(database: DatabasePolicy, surroundings: Surroundings, readOne: ReadOne): Reading {
  const { clock } = surroundings;
  const ended = new AbortController();
  let isLate = false;
  const late = clock.sleep(answerWithinMs, ended.signal).then(
    () => {
      isLate = true;
      return unread(database, `The database has not answered within ${answerWithinMs / 1000} s.`);
    },
    () => answer,
  );
  const answer = readOne(database, surroundings).then((status) => {
    ended.abort();
    reading.answer = answer;
    reading.freshUntilMs = clock.monotonicMs() + (isLate && status.error === null ? freshWhenLateMs : freshMs);
    return status;
  });
  const reading: Reading = { surroundings, answer: Promise.race([answer, late]), freshUntilMs: Number.POSITIVE_INFINITY };
  return reading;
}

function unread(database: DatabasePolicy, error: string): DatabaseStatus {
  return { database: database.name, now: null, paused: null, error, tables: [], runs: [], leader: null };
}

function leadershipOf(standing: Standing | undefined): ServedStatus['leadership'] {
  if (standing === undefined) return { isLeading: false, epoch: null, refused: null };
  return { isLeading: standing.isLeading, epoch: standing.epoch?.toString() ?? null, refused: standing.refused };
}

async function readDatabase(database: DatabasePolicy, surroundings: Surroundings): Promise<DatabaseStatus> {
  const { clock, configuration, logger, metrics } = surroundings;
  const { safety } = configuration;
  const settings = {
    applicationName: 'partitiond:status',
    statementTimeoutMs: safety.statementTimeoutMs,
    lockTimeoutMs: safety.lockTimeoutMs,
    observer: metrics.sessionObserver(database.name),
  };
  const signal = AbortSignal.timeout(readWithinMs);
  try {
    const session = await connectSession(database.connection, settings, signal);
    try {
      return await readDatabaseStatus(session, database, { safety, clock }, signal);
    } finally {
      await session.close();
    }
  } catch (error) {
    logger.debug('status not read', { database: database.name, ...errorFields(error) });
    const reason = withoutSecrets(error instanceof Error ? error.message : String(error));
    return unread(database, reason);
  }
}
