import cron from 'node-cron';
import type { Schedules } from '../../config/configuration.ts';
import type { Logger } from '../../telemetry/logger.ts';

/** Tasks that the daemon runs on a schedule, in the order in which a new leader runs each of them once. */
export const scheduledTasks = ['provision', 'retention', 'maintenance', 'index', 'migrate', 'probe', 'collect'] as const;
/** Those that change something, that the journal records, and that a pause stops. */
export const workTasks = ['provision', 'retention', 'maintenance', 'index'] as const;
export type WorkTaskName = (typeof workTasks)[number];
export type ScheduledTaskName = (typeof scheduledTasks)[number];

export function isWorkTask(task: ScheduledTaskName): task is WorkTaskName {
  return workTasks.some((one) => one === task);
}

/** Tasks that may take hours, and that their windows bound rather than `schedules.maxRuntime`; nothing else waits for them. */
export function isUpkeepTask(task: ScheduledTaskName): boolean {
  return task === 'maintenance' || task === 'index';
}

/** Beside upkeep the migrations, which go on for days. */
export function isUnbounded(task: ScheduledTaskName): boolean {
  return task === 'migrate' || isUpkeepTask(task);
}

export function isScheduledTask(text: string): text is ScheduledTaskName {
  return scheduledTasks.some((task) => task === text);
}

export interface CronSchedule {
  /** 5 or 6 fields. */
  readonly expression: string;
  readonly timezone: string;
}

/** When `task` fires; null when it is switched off. */
export function scheduleOf(task: ScheduledTaskName, schedules: Schedules): CronSchedule | null {
  const expression = schedules[task];
  return expression === null ? null : { expression, timezone: schedules.timezone };
}

/** Cron timers of one leader. */
export interface Schedule {
  stop(): Promise<void>;
}

/** What the timers of a schedule call. None may throw or reject: node-cron would print the error on the console. */
export interface Firings {
  /** A firing; the promise is pending while it is at work. */
  readonly fire: () => Promise<void>;
  /** Instead of a firing while the last one is at work. */
  readonly overlap: () => void;
  /** For each firing that did not happen in time, as the process was busy or stopped. */
  readonly missed: () => void;
}

/** Tells of every firing until `stop`. */
export function startSchedule(name: string, schedule: CronSchedule, firings: Firings, logger: Logger): Schedule {
  const { expression, timezone } = schedule;
  const task = cron.schedule(expression, firings.fire, { name, timezone, noOverlap: true, logger: cronLogger(name, logger) });
  task.on('execution:overlap', firings.overlap);
  task.on('execution:missed', firings.missed);
  return {
    stop: async () => {
      await task.destroy();
    },
  };
}

const secondsPerDay = 86_400;
const horizonDays = 31;
/** 0.3 s of work at most; only a schedule that fires often but not on every day needs that many. */
const mostFirings = 5_000;

/**
 * The longest gap between two firings in the next 31 days, in seconds; 0 when there are not two. A schedule of every hour repeats each
 * hour, so a few firings tell all.
 */
export function longestGapSeconds(schedule: CronSchedule): number {
  return Math.max(0, ...gapsSeconds(schedule));
}

/** The shortest one; likewise. */
export function shortestGapSeconds(schedule: CronSchedule): number {
  const gaps = gapsSeconds(schedule);
  return gaps.length === 0 ? 0 : Math.min(...gaps);
}

/** Fifty databases share a schedule or two, and are asked for together. Months and clock changes alter the gaps, so they last for a day. */
const knownGaps = new Map<string, { readonly day: number; readonly gaps: readonly number[] }>();

function gapsSeconds(schedule: CronSchedule): readonly number[] {
  const key = JSON.stringify([schedule.expression, schedule.timezone]);
  const day = Math.floor(Date.now() / (secondsPerDay * 1_000));
  const known = knownGaps.get(key);
  if (known?.day === day) return known.gaps;
  const gaps = findGapsSeconds(schedule);
  knownGaps.set(key, { day, gaps });
  return gaps;
}

function findGapsSeconds(schedule: CronSchedule): readonly number[] {
  const { second, minute, hour, dayOfMonth, month, dayOfWeek } = cron.parse(schedule.expression);
  const isDaily = dayOfMonth.length === 31 && month.length === 12 && dayOfWeek.length >= 7;
  const perHour = second.length * minute.length;
  const wanted = isDaily && hour.length === 24 ? 2 * perHour + 1 : perHour * hour.length * (horizonDays + 1);
  const task = cron.createTask(schedule.expression, () => undefined, { timezone: schedule.timezone });
  try {
    const firings = task.getNextRuns(Math.min(Math.max(wanted, 2), mostFirings)).map((date) => date.getTime() / 1000);
    const until = (firings[0] ?? 0) + horizonDays * secondsPerDay;
    // A rarer schedule than the horizon still has an interval: that to its second firing.
    const seen = firings.filter((firing, index) => index < 2 || firing <= until);
    return seen.slice(1).map((firing, index) => firing - (seen[index] ?? firing));
  } finally {
    // It was never started, so this only takes it off node-cron's list.
    Promise.resolve(task.destroy()).catch(() => undefined);
  }
}

/**
 * node-cron's own remarks (a firing missed by a busy process) in our log rather than on the console; not that of an overlap, which comes with
 * each firing and is told as an event.
 */
function cronLogger(
  name: string,
  logger: Logger,
): {
  info(text: string): void;
  warn(text: string): void;
  error(text: string | Error): void;
  debug(text: string | Error): void;
} {
  const write = (level: 'debug' | 'warn' | 'error') => (said: string | Error) => {
    const remark = String(said);
    if (!remark.includes('overlap prevention')) logger[level]('schedule', { schedule: name, remark });
  };
  return { info: write('debug'), warn: write('warn'), error: write('error'), debug: write('debug') };
}
