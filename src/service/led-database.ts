import type { Configuration } from '../config/configuration.ts';
import type { DatabasePolicy, TablePolicy } from '../partition/policy.ts';
import type { EpochMicros } from '../partition/position.ts';
import { formatQualifiedName } from '../partition/qualified-name.ts';
import type { Clock } from '../postgres/clock.ts';
import type { Session } from '../postgres/session.ts';
import { type DatabaseHistory, readHistory } from '../reconcile/read-history.ts';
import type { LedDatabase, LedTask, TableHistory } from '../telemetry/leader-metrics.ts';
import { longestGapSeconds, scheduledTasks, scheduleOf, workTasks } from './schedule.ts';

/**
 * What the series of a database begin with when this process has come to lead it: the tasks that have a schedule, and what the journal
 * remembers. A task that never succeeded has done so since the journal was made, so that its age tells; only `collect`, which the journal
 * does not record (one row a minute that nobody reads), begins now. A history that cannot be read begins now too: that is no reason not to
 * lead, hence it never throws.
 */
export async function readLedDatabase(
  session: Session,
  database: DatabasePolicy,
  configuration: Configuration,
  clock: Clock,
  signal: AbortSignal,
): Promise<LedDatabase> {
  const { name, tables, journalSchema } = database;
  const nowSeconds = Number(clock.now()) / 1e6;
  const wanted = { tables: tables.map(({ table }) => table), tasks: workTasks };
  const history = await readHistory(session, journalSchema, wanted, signal).catch(() => null);
  const installedSeconds = seconds(history?.installedAt ?? null) ?? nowSeconds;
  return {
    name,
    tables,
    tasks: ledTasks(configuration, history, { installedSeconds, nowSeconds }),
    history: history === null ? [] : tables.flatMap((policy) => tableHistory(policy, history)),
    installedSeconds,
  };
}

function ledTasks(
  { schedules }: Configuration,
  history: DatabaseHistory | null,
  since: { readonly installedSeconds: number; readonly nowSeconds: number },
): readonly LedTask[] {
  return scheduledTasks.flatMap((task) => {
    const schedule = scheduleOf(task, schedules);
    if (schedule === null) return [];
    const past = history?.tasks.find((one) => one.task === task);
    const begin = task === 'collect' ? since.nowSeconds : since.installedSeconds;
    return [
      {
        task,
        intervalSeconds: longestGapSeconds(schedule),
        lastRunSeconds: seconds(past?.lastRunAt ?? null) ?? begin,
        lastSuccessSeconds: seconds(past?.lastSuccessAt ?? null) ?? begin,
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
