import { resumeDatabase } from '../../reconcile/resume.ts';
import type { Command } from '../command-line/declaration.ts';
import type { Invocation } from '../command-line/invocation.ts';
import { options } from '../command-line/options.ts';
import { exitCodeOf, verdictOfVisit } from '../databases/exit-code.ts';
import { loadConfigured } from '../databases/load-configured.ts';
import { selectDatabases } from '../databases/selection.ts';
import { visitDatabases } from '../databases/visit-databases.ts';
import type { Io } from '../output/io.ts';
import { printError } from '../output/print-error.ts';
import { printable } from '../output/printable.ts';

const { config, database } = options;

export const resumeCommand: Command = {
  name: 'resume',
  summary: 'end a pause',
  description:
    'Removes the pause from the journal of each selected database; the next run changes what is due. Says so when nothing was paused.',
  operand: null,
  options: [config, database],
  examples: [{ command: 'partitiond resume --database app', does: 'let partitiond work on that database again' }],
  exits: ['0 resumed, or not paused at all', '3 no database could be reached', '4 a database could not be resumed'],
  run: runResume,
};

async function runResume(invocation: Invocation, io: Io): Promise<number> {
  const { databases, safety } = loadConfigured(invocation, io);
  const visits = await visitDatabases(selectDatabases(databases, invocation), 'resume', safety, io, async (session, selection) => {
    const wasPaused = await resumeDatabase(session, selection.database, io.clock, io.signal);
    io.stdout.write(`${printable(selection.database.name)}: ${wasPaused ? 'resumed' : 'was not paused'}.\n`);
    return true;
  });
  for (const visit of visits) if (visit.error !== null) printError(io, visit.error, visit.selection.database.name);
  return exitCodeOf(visits.map(verdictOfVisit));
}
