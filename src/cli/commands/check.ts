import { formatQualifiedName } from '../../partition/qualified-name.ts';
import type { RunReport } from '../../reconcile/event.ts';
import type { Command } from '../command-line/declaration.ts';
import type { Invocation } from '../command-line/invocation.ts';
import { options } from '../command-line/options.ts';
import { exitCodeOf, verdictOfPlan } from '../databases/exit-code.ts';
import { loadConfigured } from '../databases/load-configured.ts';
import { planDatabases, plannedNow } from '../databases/reconcile-databases.ts';
import type { Visit } from '../databases/visit-databases.ts';
import { coloursOf } from '../output/colours.ts';
import type { Io } from '../output/io.ts';
import { planDocument } from '../output/plan-document.ts';
import { printFailures } from '../output/print-failures.ts';
import { printJson } from '../output/print-json.ts';
import { printable } from '../output/printable.ts';
import { counted } from '../output/summary.ts';
import { textTable } from '../output/text-table.ts';

const { config, database, table, json, now } = options;

export const checkCommand: Command = {
  name: 'check',
  summary: 'findings only: what is wrong and not repaired silently',
  description:
    'Prints the findings of a plan: gaps, rows in a default partition, removals that a guard stopped, missing privileges, partitions that were\n' +
    'never analysed or near transaction id wraparound, invalid and bloated indexes. Changes nothing.',
  operand: null,
  options: [config, database, table, json, now],
  examples: [
    { command: 'partitiond check', does: 'exits 1 when something was found; for cron and CI' },
    { command: 'partitiond check --database app --json', does: 'the findings of one database, for a script' },
  ],
  exits: ['0 nothing was found', '1 there are findings', '3 no database could be reached', '4 a table or a database could not be checked'],
  run: runCheck,
};

async function runCheck(invocation: Invocation, io: Io): Promise<number> {
  const visits = await planDatabases(loadConfigured(invocation, io), invocation, 'check', io);
  if (invocation.has(json)) printJson(io.stdout, planDocument(visits, plannedNow(visits, invocation, io), 'none'));
  else printText(visits, io);
  if (!invocation.has(json)) printFailures(io, visits);
  const code = exitCodeOf(visits.map(verdictOfPlan));
  return code === 0 && findingRows(visits, io).length > 0 ? 1 : code;
}

function printText(visits: readonly Visit<RunReport>[], io: Io): void {
  const rows = findingRows(visits, io);
  const tables = visits.reduce((sum, visit) => sum + (visit.answer?.tables.length ?? 0), 0);
  if (rows.length === 0) return io.stdout.write(`${counted(tables, 'table')} checked: no findings.\n`);
  const columns = ['SEVERITY', 'DATABASE', 'TABLE', 'KIND', 'MESSAGE'].map((heading) => ({ heading, align: 'left' }) as const);
  io.stdout.write(textTable(columns, rows));
}

function findingRows(visits: readonly Visit<RunReport>[], io: Io): readonly (readonly string[])[] {
  const colours = coloursOf(io.stdout);
  return visits.flatMap(({ selection, answer }) =>
    (answer?.tables ?? []).flatMap((report) =>
      (report.plan?.findings ?? []).map(({ severity, kind, message }) => [
        severity === 'error' ? colours.bad(severity) : colours.doubtful(severity),
        printable(selection.database.name),
        printable(formatQualifiedName(report.table)),
        kind,
        printable(message),
      ]),
    ),
  );
}
