import type { Configuration } from '../../config/configuration.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import { readDatabaseStatus } from '../../reconcile/read-status.ts';
import type { DatabaseStatus, RunStatus, TableStatus } from '../../reconcile/status.ts';
import type { Command } from '../command-line/declaration.ts';
import type { Invocation } from '../command-line/invocation.ts';
import { options } from '../command-line/options.ts';
import { exitCodeOf, type Verdict, verdictOfVisit } from '../databases/exit-code.ts';
import { loadConfigured } from '../databases/load-configured.ts';
import { selectDatabases } from '../databases/selection.ts';
import { type Visit, visitDatabases } from '../databases/visit-databases.ts';
import { coloursOf } from '../output/colours.ts';
import type { Io } from '../output/io.ts';
import { errorText } from '../output/plan-document.ts';
import { printError } from '../output/print-error.ts';
import { printJson } from '../output/print-json.ts';
import { printable } from '../output/printable.ts';
import { partitionsText, probeText, tablesText, workText } from '../output/status-text.ts';

const { config, database, table, json } = options;

export const statusCommand: Command = {
  name: 'status',
  summary: 'the tables as they stand',
  description:
    'Prints each table with its partitions, how far ahead they reach, sizes, what is due, and the long commands that are at work on it.\n' +
    'Steps due are those that `plan` tells, of every task. Reads the catalog only and changes nothing.',
  operand: null,
  options: [config, database, table, json],
  examples: [
    { command: 'partitiond status', does: 'one line per table' },
    { command: 'partitiond status --table public.revenues', does: 'that table with each of its partitions, and what its probes last saw' },
    { command: 'partitiond status --json', does: 'all of it, as GET /api/v1/status answers' },
  ],
  exits: ['0 printed', '3 no database could be reached', '4 a table or a database could not be read'],
  run: runStatus,
};

async function runStatus(invocation: Invocation, io: Io): Promise<number> {
  const visits = await readStatuses(loadConfigured(invocation, io), invocation, io);
  const databases = visits.map(statusOf);
  if (invocation.has(json)) printJson(io.stdout, { databases });
  else printStatuses(visits, io, invocation.has(table));
  return exitCodeOf(visits.map(verdictOf));
}

/** The status of every selected database, cut down to the selected tables. */
export async function readStatuses(
  configuration: Configuration,
  invocation: Invocation,
  io: Io,
): Promise<readonly Visit<DatabaseStatus>[]> {
  const { safety } = configuration;
  const selections = selectDatabases(configuration.databases, invocation);
  return await visitDatabases(selections, 'status', safety, io, async (session, selection) => {
    const wanted = selection.tables?.map(formatQualifiedName) ?? null;
    const tables = selection.database.tables.filter((policy) => wanted?.includes(formatQualifiedName(policy.table)) ?? true);
    return await readDatabaseStatus(session, { ...selection.database, tables }, { safety, clock: io.clock }, io.signal);
  });
}

/**
 * The tables, then what is paused, found or wrong, also in the last run of a task; with `isDetailed` every last run, and each table's
 * partitions and probes.
 */
export function printStatuses(visits: readonly Visit<DatabaseStatus>[], io: Io, isDetailed: boolean): void {
  const databases = visits.flatMap((visit) => (visit.answer === null ? [] : [visit.answer]));
  if (databases.some((status) => status.tables.length > 0)) io.stdout.write(tablesText(databases, coloursOf(io.stdout)));
  for (const status of databases) {
    printState(status, io, isDetailed);
    for (const entry of status.tables) printTable(status.database, entry, io, isDetailed);
    if (status.error !== null) printWrong(io, `database ${status.database}: ${status.error}`);
  }
  for (const visit of visits) if (visit.error !== null) printError(io, visit.error, visit.selection.database.name);
}

function printState({ database: name, paused, runs }: DatabaseStatus, io: Io, isDetailed: boolean): void {
  if (paused !== null) io.stdout.write(`\n${printable(`${name} is paused by ${paused.by} since ${paused.at}: ${paused.reason}`)}\n`);
  for (const run of runs) {
    const isBad = run.outcome === 'failed' || run.outcome === 'interrupted';
    if (isDetailed || isBad) io.stdout.write(`\n${printable(runText(name, run))}\n`);
  }
}

function printTable(name: string, entry: TableStatus, io: Io, isDetailed: boolean): void {
  const colours = coloursOf(io.stdout);
  if (isDetailed && entry.partitions.length > 0) io.stdout.write(`\n${partitionsText(entry, colours)}`);
  if (isDetailed) for (const probe of entry.probes) io.stdout.write(`\n${probeText(probe, colours)}\n`);
  for (const work of entry.inProgress) io.stdout.write(`\n${workText(work)}\n`);
  for (const finding of entry.findings) {
    io.stdout.write(`\n${colours.doubtful(finding.severity)} ${finding.kind}: ${printable(finding.message)}\n`);
  }
  if (entry.error !== null) printWrong(io, `${name}, table ${entry.table}: ${entry.error}`);
}

function printWrong(io: Io, text: string): void {
  io.stderr.write(`${coloursOf(io.stderr).bad('error')}: ${printable(text)}\n`);
}

function runText(name: string, { task, startedAt, outcome }: RunStatus): string {
  return `${name}: the last run of ${task} began at ${startedAt} and ${outcome === null ? 'is at work' : endings[outcome]}.`;
}

const endings = { ok: 'went well', failed: 'failed', aborted: 'was stopped', interrupted: 'was cut off' } as const;

function statusOf(visit: Visit<DatabaseStatus>): DatabaseStatus {
  if (visit.answer !== null) return visit.answer;
  const error = visit.error === null ? 'Interrupted before it was read.' : errorText(visit.error);
  return { database: visit.selection.database.name, now: null, paused: null, error, tables: [], runs: [], leader: null };
}

function verdictOf(visit: Visit<DatabaseStatus>): Verdict {
  const { answer } = visit;
  const isPartial = answer !== null && (answer.error !== null || answer.tables.some((entry) => entry.error !== null));
  return isPartial ? 'failed' : verdictOfVisit(visit);
}
