import type { Configuration } from '../config/configuration.ts';
import type { DatabasePolicy } from '../partition/policy.ts';
import type { Clock } from '../postgres/clock.ts';
import type { Session } from '../postgres/session.ts';
import { readHistory, type TaskHistory } from '../reconcile/read-history.ts';
import type { LedDatabase, LedTask } from '../telemetry/leader-metrics.ts';
import { longestGapSeconds, scheduledTasks, scheduleOf } from './schedule.ts';

/**
 * What the series of a database begin with when this process has come to lead it: the tasks that have a schedule, and what the journal
 * remembers. A history that cannot be read begins now: that is no reason not to lead, hence it never throws.
 */
export async function readLedDatabase(
  session: Session,
  database: DatabasePolicy,
  configuration: Configuration,
  clock: Clock,
  signal: AbortSignal,
): Promise<LedDatabase> {
  const { name, tables, journalSchema } = database;
  const history = await readHistory(session, journalSchema, signal).catch(() => []);
  const installedSeconds = Number(clock.now()) / 1e6;
  return { name, tables, tasks: ledTasks(configuration, history, installedSeconds), history: [], installedSeconds };
}

function ledTasks(configuration: Configuration, history: readonly TaskHistory[], installedSeconds: number): readonly LedTask[] {
  return scheduledTasks.flatMap((task) => {
    const schedule = scheduleOf(task, configuration.schedules);
    if (schedule === null) return [];
    const past = history.find((one) => one.task === task);
    const lastSuccess = past?.lastSuccessAt ?? null;
    return [
      {
        task,
        intervalSeconds: longestGapSeconds(schedule),
        lastRunSeconds: past === undefined ? installedSeconds : Number(past.lastRunAt) / 1e6,
        lastSuccessSeconds: lastSuccess === null ? installedSeconds : Number(lastSuccess) / 1e6,
      },
    ];
  });
}
