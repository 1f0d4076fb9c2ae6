import type { Configuration } from '../../config/configuration.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import { readDatabaseStatus } from '../../reconcile/read-status.ts';
import type { DatabaseStatus } from '../../reconcile/status.ts';
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
import { partitionsText, tablesText } from '../output/status-text.ts';

const { config, database, table, json } = options;

export const statusCommand: Command = {
  name: 'status',
  summary: 'the tables as they stand',
  description:
    'Prints each table with its partitions, how far ahead they reach, sizes and what is due. Reads the catalog only and changes nothing.',
  operand: null,
  options: [config, database, table, json],
  examples: [
    { command: 'partitiond status', does: 'one line per table' },
    { command: 'partitiond status --table public.revenues', does: 'that table with each of its partitions' },
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

/** The tables, then what is paused, found or wrong; with `isDetailed` also each table's partitions. */
export function printStatuses(visits: readonly Visit<DatabaseStatus>[], io: Io, isDetailed: boolean): void {
  const colours = coloursOf(io.stdout);
  const databases = visits.flatMap((visit) => (visit.answer === null ? [] : [visit.answer]));
  if (databases.some((status) => status.tables.length > 0)) io.stdout.write(tablesText(databases, colours));
  for (const status of databases) {
    const { paused } = status;
    if (paused !== null)
      io.stdout.write(`\n${printable(`${status.database} is paused by ${paused.by} since ${paused.at}: ${paused.reason}`)}\n`);
    for (const entry of status.tables) {
      if (isDetailed && entry.partitions.length > 0) io.stdout.write(`\n${partitionsText(entry, colours)}`);
      for (const finding of entry.findings) {
        io.stdout.write(`\n${colours.doubtful(finding.severity)} ${finding.kind}: ${printable(finding.message)}\n`);
      }
      if (entry.error !== null)
        io.stderr.write(`${coloursOf(io.stderr).bad('error')}: ${printable(`${status.database}, table ${entry.table}: ${entry.error}`)}\n`);
    }
    if (status.error !== null)
      io.stderr.write(`${coloursOf(io.stderr).bad('error')}: ${printable(`database ${status.database}: ${status.error}`)}\n`);
  }
  for (const visit of visits) if (visit.error !== null) printError(io, visit.error, visit.selection.database.name);
}

function statusOf(visit: Visit<DatabaseStatus>): DatabaseStatus {
  if (visit.answer !== null) return visit.answer;
  const error = visit.error === null ? 'Interrupted before it was read.' : errorText(visit.error);
  return { database: visit.selection.database.name, now: null, paused: null, error, tables: [], runs: [] };
}

function verdictOf(visit: Visit<DatabaseStatus>): Verdict {
  const { answer } = visit;
  const isPartial = answer !== null && (answer.error !== null || answer.tables.some((entry) => entry.error !== null));
  return isPartial ? 'failed' : verdictOfVisit(visit);
}
