import { UsageError } from '../../errors.ts';
import { formatInstant } from '../../partition/calendar.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import { auditStatements } from '../../probe/statements/audit-statements.ts';
import type { StatementAudit } from '../../probe/statements/statement-audit.ts';
import type { Command } from '../command-line/declaration.ts';
import type { Invocation } from '../command-line/invocation.ts';
import { options } from '../command-line/options.ts';
import { exitCodeOf, verdictOfVisit } from '../databases/exit-code.ts';
import { loadConfigured } from '../databases/load-configured.ts';
import { selectDatabases } from '../databases/selection.ts';
import { type Visit, visitDatabases } from '../databases/visit-databases.ts';
import { coloursOf } from '../output/colours.ts';
import type { Io } from '../output/io.ts';
import { errorText } from '../output/plan-document.ts';
import { printError } from '../output/print-error.ts';
import { printJson } from '../output/print-json.ts';
import { statementsText } from '../output/statements-text.ts';

const { config, database, table, json, limit } = options;

const defaultLimit = 20;
const greatestLimit = 1000;
/** For each database; a plan takes milliseconds, with thousands of partitions some hundreds. */
const withinMs = 60_000;

export const statementsCommand: Command = {
  name: 'statements',
  summary: 'which recorded statements prune, and which touch every partition',
  description:
    'Reads from pg_stat_statements what ran on managed tables, by total time, and plans each statement without running it: once without\n' +
    'values and once with typical ones from the statistics. Prints how many partitions it touches, and what to write instead where it touches\n' +
    'all. Shows statements as they are recorded, never their parameter values. Changes nothing.',
  operand: null,
  options: [config, database, table, json, limit],
  examples: [
    { command: 'partitiond statements', does: `the ${defaultLimit} statements with the most time in each database` },
    { command: 'partitiond statements --table public.revenues --limit 100', does: 'those that read one table' },
    { command: 'partitiond statements --json', does: 'the same with whole texts, for a script' },
  ],
  exits: ['0 printed, also where pg_stat_statements is not there', '3 no database could be reached', '4 a database could not be read'],
  run: runStatements,
};

async function runStatements(invocation: Invocation, io: Io): Promise<number> {
  const { databases, safety } = loadConfigured(invocation, io);
  const most = parseLimit(invocation.value(limit));
  const visits = await visitDatabases(selectDatabases(databases, invocation), 'statements', safety, io, (session, selection) => {
    return auditStatements(session, selection.database, { safety, tables: selection.tables, most, withinMs }, io.signal);
  });
  if (invocation.has(json)) printJson(io.stdout, { databases: visits.map(documentOf) });
  else printText(visits, most, io);
  return exitCodeOf(visits.map(verdictOfVisit));
}

function printText(visits: readonly Visit<StatementAudit>[], most: number, io: Io): void {
  const texts = visits.flatMap(({ selection, answer }) =>
    answer === null ? [] : [statementsText(selection.database.name, answer, most, coloursOf(io.stdout))],
  );
  if (texts.length > 0) io.stdout.write(texts.join('\n'));
  for (const { selection, error } of visits) if (error !== null) printError(io, error, selection.database.name);
}

function documentOf({ selection, answer, error }: Visit<StatementAudit>): Readonly<Record<string, unknown>> {
  const name = selection.database.name;
  if (answer === null) {
    const problem = error === null ? 'Interrupted before it was read.' : errorText(error);
    return { database: name, error: problem, obstacle: null, since: null, statements: [], remarks: [] };
  }
  return {
    database: name,
    error: null,
    obstacle: answer.obstacle,
    since: answer.since === null ? null : formatInstant(answer.since),
    statements: answer.statements.map((statement) => ({ ...statement, table: formatQualifiedName(statement.table) })),
    remarks: answer.remarks,
  };
}

function parseLimit(text: string | null): number {
  if (text === null) return defaultLimit;
  const number = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (number >= 1 && number <= greatestLimit) return number;
  throw new UsageError('PD003', `--limit ${JSON.stringify(text)} is no whole number from 1 to ${greatestLimit}, for example --limit 50.`);
}
