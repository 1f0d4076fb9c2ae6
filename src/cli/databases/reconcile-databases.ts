import type { Configuration } from '../../config/configuration.ts';
import { UsageError } from '../../errors.ts';
import { parseInstant } from '../../partition/calendar.ts';
import type { DatabasePolicy } from '../../partition/policy.ts';
import type { EpochMicros } from '../../partition/position.ts';
import type { Task } from '../../plan/step.ts';
import type { ReconcileObserver, RunReport } from '../../reconcile/event.ts';
import { reconcileDatabase } from '../../reconcile/reconcile-database.ts';
import type { ReconcileContext, ReconcileRequest } from '../../reconcile/request.ts';
import { upkeepSurroundings } from '../../service/tasks/upkeep-surroundings.ts';
import type { Invocation } from '../command-line/invocation.ts';
import { options } from '../command-line/options.ts';
import type { Io } from '../output/io.ts';
import { selectDatabases } from './selection.ts';
import { type Visit, visitDatabases } from './visit-databases.ts';

const tasks: readonly Task[] = ['provision', 'retention', 'maintenance', 'index'];

/** What a command's options ask of a run, apart from the tables, which differ by database. */
export type RunOptions = Omit<ReconcileRequest, 'mode' | 'tables'>;

/** Reads `--now`, `--only` and `--allow-removals`. Throws `UsageError` (PD003) with what is allowed. */
export function runOptions(invocation: Invocation): RunOptions {
  return {
    now: parseNow(invocation.value(options.now)),
    tasks: parseTasks(invocation.value(options.only)),
    allowRemovals: parseCount(invocation.value(options.allowRemovals)),
  };
}

/** Plans the selected tables of every selected database; nothing is written. */
export async function planDatabases(
  configuration: Configuration,
  invocation: Invocation,
  command: string,
  io: Io,
): Promise<readonly Visit<RunReport>[]> {
  const asked = runOptions(invocation);
  const selections = selectDatabases(configuration.databases, invocation);
  return await visitDatabases(selections, command, configuration.safety, io, (session, { database, tables }) => {
    return reconcileDatabase(
      session,
      database,
      { ...asked, mode: 'plan', tables },
      runContext(configuration, database, command, io, silent, null),
      io.signal,
    );
  });
}

/** The surroundings of a run that this process makes by itself. */
export function runContext(
  configuration: Configuration,
  database: DatabasePolicy,
  command: string,
  io: Io,
  observe: ReconcileObserver,
  epochGuard: string | null,
): ReconcileContext {
  const { safety, journal } = configuration;
  const upkeep = upkeepSurroundings(database, safety, null);
  return { safety, clock: io.clock, observe, who: whoRuns(command, io), epochGuard, journalKeepMs: journal.keepMs, upkeep };
}

/** Recorded in the journal, for example `partitiond:apply pod-1/4711`. */
export function whoRuns(command: string, io: Io): string {
  return `partitiond:${command} ${io.host}`;
}

/** The clock that a command planned for: `--now`, else that of the first database that answered, else the local one. */
export function plannedNow(visits: readonly Visit<RunReport>[], invocation: Invocation, io: Io): EpochMicros {
  const read = visits.map((visit) => visit.answer?.facts?.now).find((now) => now !== undefined);
  return parseNow(invocation.value(options.now)) ?? read ?? io.clock.now();
}

function silent(): void {}

function parseNow(text: string | null): EpochMicros | null {
  if (text === null) return null;
  try {
    return parseInstant(text, 'UTC');
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError('PD003', `--now ${JSON.stringify(text)} is no instant: ${problem}`, { cause });
  }
}

function parseTasks(text: string | null): readonly Task[] {
  if (text === null) return tasks;
  return text.split(',').map((word) => {
    const task = tasks.find((candidate) => candidate === word.trim());
    if (task === undefined)
      throw new UsageError('PD003', `--only ${JSON.stringify(word.trim())} is no task; there are ${tasks.join(', ')}.`);
    return task;
  });
}

function parseCount(text: string | null): number | null {
  if (text === null) return null;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new UsageError('PD003', `--allow-removals ${JSON.stringify(text)} is no whole number from 0 on, for example --allow-removals 20.`);
}
