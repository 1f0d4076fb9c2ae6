import type { Configuration } from '../../config/configuration.ts';
import { StatementError } from '../../errors.ts';
import { readSeenMigrations } from '../../migrate/run/read-seen.ts';
import type { DatabasePolicy, TablePolicy } from '../../partition/policy.ts';
import type { EpochMicros } from '../../partition/position.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import type { Session } from '../../postgres/session.ts';
import { sqlstates } from '../../postgres/sqlstate.ts';
import { readKeptResults } from '../../probe/kept-results.ts';
import { type DatabaseHistory, readHistory, type TaskHistory } from '../../reconcile/read-history.ts';
import { readInstalledAt } from '../../reconcile/read-installed-at.ts';
import { errorFields } from '../../telemetry/error-fields.ts';
import type { LedDatabase, LedTask, TableHistory } from '../../telemetry/leader-metrics.ts';
import type { ProbeRun } from '../../telemetry/probe-gauges.ts';
import type { Surroundings } from '../surroundings.ts';
import { longestGapSeconds, scheduledTasks, scheduleOf, workTasks } from './schedule.ts';
import { withinRuntime } from './within-runtime.ts';

/** The session is that of the lock, which must be confirmed meanwhile. */
const readWithinMs = 5_000;

/**
 * What the series of a database begin with when this process has come to lead it: the tasks that have a schedule, and what the journal
 * remembers. A task that never succeeded has done so since the journal was made, so that its age tells; so has `collect`, which the journal
 * does not record (one row a minute that nobody reads), until its first run a moment later. Of `probe` it has the last results. A history that cannot be read within 5 s is
 * logged and missing: the ages begin when the journal was made, counts with 0. That is no reason not to lead, hence it never throws.
 */
export async function readLedDatabase(
  session: Session,
  database: DatabasePolicy,
  { configuration, clock, logger }: Pick<Surroundings, 'configuration' | 'clock' | 'logger'>,
  signal: AbortSignal,
): Promise<LedDatabase> {
  const { name, tables, journalSchema } = database;
  const nowSeconds = Number(clock.now()) / 1e6;
  const wanted = { tables: tables.map(({ table }) => table), tasks: workTasks };
  const read = async <T>(what: string, body: (until: AbortSignal) => Promise<T>): Promise<T | null> => {
    try {
      return await withinRuntime({ ms: readWithinMs, error: tooSlow(what) }, clock, signal, body);
    } catch (error) {
      if (!signal.aborted) logger.warn('history not read', { database: name, ...errorFields(error) });
      return null;
    }
  };
  const installedAt = await read('the age of the journal', (until) => readInstalledAt(session, journalSchema, until));
  const history = await read('the history', (until) => readHistory(session, journalSchema, wanted, until));
  // Where no probe runs, what one found once would stand there for ever.
  const isProbed = scheduleOf('probe', configuration.schedules) !== null;
  const kept = isProbed ? await read('the results of probes', (until) => readKeptResults(session, database, until)) : null;
  const probes = kept ?? [];
  const migrations = await read('the migrations', (until) => readSeenMigrations(session, database, clock.now(), until));
  const installedSeconds = seconds(installedAt) ?? nowSeconds;
  const past = new Map((history?.tasks ?? []).map((task) => [task.task, task]));
  const probed = probeHistory(probes);
  if (probed !== null) past.set(probed.task, probed);
  return {
    name,
    tables,
    tasks: ledTasks(configuration, past, installedSeconds),
    history: history === null ? [] : tables.flatMap((policy) => tableHistory(policy, history)),
    probes,
    migrations: migrations ?? [],
    installedSeconds,
  };
}

/** The last pass, which went well when no probe failed; null when none ever ran. */
function probeHistory(probes: readonly ProbeRun[]): TaskHistory | null {
  const lastRunAt = probes.reduce((last, { ranAt }) => (ranAt > last ? ranAt : last), 0n);
  if (lastRunAt === 0n) return null;
  const isSuccess = probes.every(({ outcome }) => outcome !== 'failed');
  return { task: 'probe', lastRunAt, lastSuccessAt: isSuccess ? lastRunAt : null };
}

function tooSlow(what: string): StatementError {
  const message = `Reading ${what} from the journal took longer than ${readWithinMs} ms and was given up; counters of steps begin with 0.`;
  return new StatementError('PD506', message, sqlstates.queryCanceled);
}

function ledTasks({ schedules }: Configuration, history: ReadonlyMap<string, TaskHistory>, installedSeconds: number): readonly LedTask[] {
  return scheduledTasks.flatMap((task) => {
    const schedule = scheduleOf(task, schedules);
    if (schedule === null) return [];
    const past = history.get(task);
    return [
      {
        task,
        intervalSeconds: longestGapSeconds(schedule),
        lastRunSeconds: seconds(past?.lastRunAt ?? null) ?? installedSeconds,
        lastSuccessSeconds: seconds(past?.lastSuccessAt ?? null) ?? installedSeconds,
      },
    ];
  });
}

function tableHistory({ table }: TablePolicy, { steps, successes }: DatabaseHistory): readonly TableHistory[] {
  const name = formatQualifiedName(table);
  const ownSteps = steps.filter((one) => one.schema === table.schema && one.name === table.name);
  const lastSuccess = successes.filter((one) => one.table === name).map(({ task, at }) => ({ task, seconds: Number(at) / 1e6 }));
  if (ownSteps.length === 0 && lastSuccess.length === 0) return [];
  return [{ table, steps: ownSteps.map(({ step, outcome, count }) => ({ step, outcome, count })), lastSuccess }];
}

function seconds(at: EpochMicros | null): number | null {
  return at === null ? null : Number(at) / 1e6;
}
