import { MigrationError, NotLeaderError } from '../../errors.ts';
import type { MigrationTable } from '../../migrate/run/begin-migration.ts';
import { isAsked, isTaken, readRecords, type Standing } from '../../migrate/run/standing.ts';
import type { DatabasePolicy } from '../../partition/policy.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import type { Session } from '../../postgres/session.ts';
import { readPause } from '../../reconcile/read-pause.ts';
import { errorFields } from '../../telemetry/error-fields.ts';
import { abortWith } from '../abort-with.ts';
import type { Surroundings } from '../surroundings.ts';
import { nothingDone, type Performance } from '../tasks/performance.ts';
import { lookForDrains } from './begin-drains.ts';
import { type Candidate, type Eligible, eligible } from './eligible.ts';
import { type Connect, runOneMigration } from './run-migration.ts';

/** How often it looks who asks for a migration, whether work is paused, and what has been begun elsewhere. */
const lookEveryMs = 1_000;
/** Beside others at work, a migration that failed is tried again after this. */
const retryMs = 30_000;

/** The reason with which the run of a migration ends for the sake of a person; the run after it goes on. */
class GaveWay extends Error {}

interface Runs {
  readonly atWork: Map<string, { readonly ending: AbortController; readonly ended: Promise<void> }>;
  /** Failed in this run, by id, with when to try again. */
  readonly failed: Map<string, { readonly policy: MigrationTable; readonly untilMs: number }>;
}

/**
 * Goes on with the unfinished migrations of `tables` that nobody runs, side by side, for as long as there are any: through days of soak. Never
 * begins one, never switches, never finishes, but to empty a default partition that is managed. Gives way to a command that asks for one, and takes it up again when that has ended. Ends when
 * nothing is left to go on with, when work is paused, and when all that is left has failed, which the answer names. Throws the reason of `signal`
 * and what the session does.
 */
export async function conductMigrations(
  session: Session,
  { database, tables }: { readonly database: DatabasePolicy; readonly tables: readonly Candidate[] },
  connect: Connect,
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<Performance> {
  const { journalSchema, name } = database;
  const { clock, metrics } = surroundings;
  const standing: Standing = { session, journalSchema };
  const runs: Runs = { atWork: new Map(), failed: new Map() };
  const run = (one: Eligible): void => begin(runs, one, database, connect, surroundings, signal);
  const look = lookForDrains(session, { database, tables }, surroundings);
  try {
    for (;;) {
      const pause = await readPause(session, journalSchema, signal);
      if (pause !== null) return { ...nothingDone, outcome: 'paused', pause };
      await look(signal);
      const wanted = eligible(tables, await readRecords(standing, signal));
      await endAsked(runs, standing, signal);
      const isFailed = ({ id }: Eligible): boolean => (runs.failed.get(id)?.untilMs ?? 0) > clock.monotonicMs();
      if (runs.atWork.size === 0 && wanted.every(isFailed)) return verdictOf(runs);
      for (const one of wanted) {
        if (runs.atWork.has(one.id) || isFailed(one) || (await isTaken(standing, one.id, signal))) continue;
        run(one);
      }
      if (runs.failed.size === 0) metrics.taskWorks(name, 'migrate');
      await clock.sleep(lookEveryMs, signal);
    }
  } finally {
    for (const { ending } of runs.atWork.values()) ending.abort(signal.aborted ? signal.reason : new GaveWay());
    await Promise.all([...runs.atWork.values()].map(({ ended }) => ended));
  }
}

function verdictOf({ failed }: Runs): Performance {
  const tables = [...failed.values()].map(({ policy }) => policy.table);
  return { ...nothingDone, outcome: tables.length === 0 ? 'ok' : 'failed', failed: tables };
}

/** What becomes of the run is in `runs`; its end never rejects. */
function begin(
  runs: Runs,
  one: Eligible,
  database: DatabasePolicy,
  connect: Connect,
  surroundings: Surroundings,
  signal: AbortSignal,
): void {
  const { clock, logger } = surroundings;
  const ending = new AbortController();
  const part = abortWith(signal, ending);
  const run = async (): Promise<void> => {
    try {
      await runOneMigration({ ...one, database }, connect, surroundings, ending.signal);
      runs.failed.delete(one.id);
    } catch (error) {
      if (ending.signal.aborted || isNoFailure(error)) {
        runs.failed.delete(one.id);
        return;
      }
      runs.failed.set(one.id, { policy: one.policy, untilMs: clock.monotonicMs() + retryMs });
      logger.error('migration failed', { database: database.name, table: formatQualifiedName(one.policy.table), ...errorFields(error) });
    } finally {
      part();
      runs.atWork.delete(one.id);
    }
  };
  // It awaits a connection first, so that it cannot have ended before it is known.
  const ended = run();
  runs.atWork.set(one.id, { ending, ended });
}

/** Another process runs it, or it has paused, which is told and waits for a person. */
function isNoFailure(error: unknown): boolean {
  return error instanceof NotLeaderError || (error instanceof MigrationError && (error.code === 'PD602' || error.code === 'PD603'));
}

async function endAsked({ atWork }: Runs, standing: Standing, signal: AbortSignal): Promise<void> {
  for (const [id, { ending }] of atWork) if (await isAsked(standing, id, signal)) ending.abort(new GaveWay());
}
