import cron from 'node-cron';
import type { Schedules } from '../../config/configuration.ts';
import { firingOffsetMs } from './firing-offset.ts';
import { latestFirings } from './maintenance-window.ts';
import { type CronSchedule, type ScheduledTaskName, scheduledTasks, scheduleOf, shortestGapSeconds } from './schedule.ts';

/** When a task runs next, ISO 8601. */
export interface NextRun {
  readonly task: ScheduledTaskName;
  readonly at: string;
}

/** An offset is a tenth of the gap between two firings at most, and never longer, so the latest firing alone may still wait for its run. */
const longestOffsetSeconds = 30;

/**
 * The next run of each task of `database` by the clock of this process, soonest first: its firing and the offset that spreads the databases.
 * Tasks that are switched off are absent. What runs longer than its gap, or waits for another task, begins later.
 */
export function nextRuns(database: string, schedules: Schedules): readonly NextRun[] {
  const nowMs = Date.now();
  const runs = scheduledTasks.flatMap((task) => {
    const schedule = scheduleOf(task, schedules);
    const atMs = schedule === null ? null : nextRunMs(database, task, schedule, nowMs);
    return atMs === null ? [] : [{ task, atMs }];
  });
  return runs.toSorted((a, b) => a.atMs - b.atMs).map(({ task, atMs }) => ({ task, at: new Date(atMs).toISOString() }));
}

function nextRunMs(database: string, task: ScheduledTaskName, schedule: CronSchedule, nowMs: number): number | null {
  const offsetMs = firingOffsetMs(database, task, shortestGapSeconds(schedule) * 1_000);
  const last = latestFirings(schedule.expression, schedule.timezone, longestOffsetSeconds)(Math.floor(nowMs / 1_000));
  if (last !== null && last * 1_000 + offsetMs > nowMs) return last * 1_000 + offsetMs;
  const firingMs = nextFiringMs(schedule, nowMs);
  return firingMs === null ? null : firingMs + offsetMs;
}

/** Fifty databases share a schedule or two, whose next firing costs milliseconds; good until it has passed, or the clock is put back. */
const knownFirings = new Map<string, { readonly foundAtMs: number; readonly firingMs: number }>();

function nextFiringMs(schedule: CronSchedule, nowMs: number): number | null {
  const key = JSON.stringify([schedule.expression, schedule.timezone]);
  const known = knownFirings.get(key);
  if (known !== undefined && known.foundAtMs <= nowMs && nowMs < known.firingMs) return known.firingMs;
  const firingMs = findNextFiringMs(schedule);
  if (firingMs !== null) knownFirings.set(key, { foundAtMs: nowMs, firingMs });
  return firingMs;
}

function findNextFiringMs({ expression, timezone }: CronSchedule): number | null {
  const task = cron.createTask(expression, () => undefined, { timezone });
  try {
    return task.getNextRuns(1)[0]?.getTime() ?? null;
  } finally {
    // It was never started, so this only takes it off node-cron's list.
    Promise.resolve(task.destroy()).catch(() => undefined);
  }
}
