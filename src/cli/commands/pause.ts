import { pauseDatabase } from '../../reconcile/pause.ts';
import type { Command } from '../command-line/declaration.ts';
import type { Invocation } from '../command-line/invocation.ts';
import { options } from '../command-line/options.ts';
import { exitCodeOf, verdictOfVisit } from '../databases/exit-code.ts';
import { loadConfigured } from '../databases/load-configured.ts';
import { whoRuns } from '../databases/reconcile-databases.ts';
import { selectDatabases } from '../databases/selection.ts';
import { visitDatabases } from '../databases/visit-databases.ts';
import type { Io } from '../output/io.ts';
import { printError } from '../output/print-error.ts';
import { printable } from '../output/printable.ts';

const { config, database } = options;
const defaultReason = 'no reason given';

export const pauseCommand: Command = {
  name: 'pause',
  summary: 'stop all changes in a database until resume',
  description:
    'Writes the pause into the journal of each selected database; every partitiond on it then plans and reports, and changes nothing.',
  operand: '[REASON]',
  options: [config, database],
  examples: [
    { command: 'partitiond pause "migration of the ledger, ask Ada"', does: 'every database of the configuration' },
    { command: 'partitiond pause --database app "load test"', does: 'that one only' },
  ],
  exits: ['0 paused', '3 no database could be reached', '4 a database could not be paused'],
  run: runPause,
};

async function runPause(invocation: Invocation, io: Io): Promise<number> {
  const { databases, safety } = loadConfigured(invocation, io);
  const reason = invocation.operands[0] ?? defaultReason;
  const visits = await visitDatabases(selectDatabases(databases, invocation), 'pause', safety, io, async (session, selection) => {
    const former = await pauseDatabase(session, selection.database, { reason, by: whoRuns('pause', io) }, io.clock, io.signal);
    const replaced = former === null ? '' : `; was paused by ${former.by}: ${former.reason}; replaced`;
    io.stdout.write(`${printable(`${selection.database.name}: paused${replaced}`)}.\n`);
    return true;
  });
  for (const visit of visits) if (visit.error !== null) printError(io, visit.error, visit.selection.database.name);
  return exitCodeOf(visits.map(verdictOfVisit));
}
