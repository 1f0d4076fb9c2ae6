import { formatQualifiedName } from '../../partition/qualified-name.ts';
import type { RunReport } from '../../reconcile/event.ts';
import type { Visit } from '../databases/visit-databases.ts';
import type { Io } from './io.ts';
import { printError } from './print-error.ts';

/** The errors of databases and tables, on stderr, in the order in which they were met; and whether an interrupt left something out. */
export function printFailures(io: Io, visits: readonly Visit<RunReport>[]): void {
  for (const { selection, answer, error } of visits) {
    if (error !== null) printError(io, error, selection.database.name);
    for (const report of answer?.tables ?? []) {
      if (report.error !== null) printError(io, report.error, `${selection.database.name}, table ${formatQualifiedName(report.table)}`);
    }
  }
  if (io.signal.aborted) io.stderr.write('Interrupted; what was not finished is left to the next run.\n');
}
