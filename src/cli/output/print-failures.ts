import type { Pause } from '../../journal/pause.ts';
import { formatInstant } from '../../partition/calendar.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import type { RunReport } from '../../reconcile/event.ts';
import type { Visit } from '../databases/visit-databases.ts';
import type { Io } from './io.ts';
import { printError } from './print-error.ts';
import { printable } from './printable.ts';

/** The errors of databases and tables, on stderr, in the order in which they were met; and whether an interrupt left something out. */
export function printFailures(io: Io, visits: readonly Visit<RunReport>[]): void {
  for (const { selection, answer, error } of visits) {
    if (answer !== null && answer.pause !== null) printPause(io, selection.database.name, answer.pause);
    if (error !== null) printError(io, error, selection.database.name);
    for (const report of answer?.tables ?? []) {
      if (report.error !== null) printError(io, report.error, `${selection.database.name}, table ${formatQualifiedName(report.table)}`);
    }
  }
  if (io.signal.aborted) io.stderr.write('Interrupted; what was not finished is left to the next run.\n');
}

function printPause(io: Io, database: string, pause: Pause): void {
  const since = `paused by ${pause.by} since ${formatInstant(pause.at)}: ${pause.reason}`;
  io.stderr.write(`${printable(`database ${database} is ${since}. Nothing is changed there until partitiond resume.`)}\n`);
}
