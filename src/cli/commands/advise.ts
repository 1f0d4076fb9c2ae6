import { adviseDatabase } from '../../advise/advise-database.ts';
import type { DatabaseAdvice, ManagedAdvice, OtherTable } from '../../advise/database-advice.ts';
import { nearestWord } from '../../config/document/nearest-word.ts';
import { UsageError } from '../../errors.ts';
import { formatInterval } from '../../partition/interval.ts';
import { formatQualifiedName, parseQualifiedName, type QualifiedName } from '../../partition/qualified-name.ts';
import type { Command } from '../command-line/declaration.ts';
import type { Invocation } from '../command-line/invocation.ts';
import { options } from '../command-line/options.ts';
import { exitCodeOf, type Verdict, verdictOfVisit } from '../databases/exit-code.ts';
import { loadConfigured } from '../databases/load-configured.ts';
import { selectDatabases } from '../databases/selection.ts';
import { type Visit, visitDatabases } from '../databases/visit-databases.ts';
import type { Io } from '../output/io.ts';
import { managedAdviceText } from '../output/managed-advice-text.ts';
import { ordinaryAdviceText } from '../output/ordinary-advice-text.ts';
import { errorText } from '../output/plan-document.ts';
import { printError } from '../output/print-error.ts';
import { printJson } from '../output/print-json.ts';
import { printable } from '../output/printable.ts';

const { config, database, json } = options;

export const adviseCommand: Command = {
  name: 'advise',
  summary: 'how tables grow, and what partitioning others would take',
  description:
    'Of managed tables: growth, forecast, skew, a fitting interval, locks. Of ordinary ones, TABLE or those with 1 GB or 10 million rows: columns\n' +
    "that could be the key, what stands in the way, the entry for the configuration and the parent's DDL. Reads catalog and statistics only.",
  operand: '[TABLE]',
  options: [config, database, json],
  examples: [
    { command: 'partitiond advise', does: 'managed tables, and the ten largest ordinary ones' },
    { command: 'partitiond advise public.payments', does: 'that table, managed or not, quoted as in SQL' },
    { command: 'partitiond advise --database app --json', does: 'all of it, for a script' },
  ],
  exits: ['0 printed', '3 no database could be reached', '4 a table or a database could not be read'],
  run: runAdvise,
};

async function runAdvise(invocation: Invocation, io: Io): Promise<number> {
  const { databases, safety } = loadConfigured(invocation, io);
  const table = operand(invocation);
  const tables = table === null ? null : [table];
  const visits = await visitDatabases(selectDatabases(databases, invocation), 'advise', safety, io, (session, selection) =>
    adviseDatabase(session, selection.database, { tables, safety, clock: io.clock }, io.signal),
  );
  if (table !== null) assertFound(table, visits);
  if (invocation.has(json)) printJson(io.stdout, { databases: visits.map(document) });
  else for (const visit of visits) printVisit(visit, table === null, io);
  return exitCodeOf(visits.map(verdictOf));
}

function operand(invocation: Invocation): QualifiedName | null {
  const [text] = invocation.operands;
  if (text === undefined) return null;
  try {
    return parseQualifiedName(text);
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError('PD003', `TABLE ${JSON.stringify(text)}: ${problem}`, { cause });
  }
}

/** A database that could not be asked may have it. */
function assertFound(table: QualifiedName, visits: readonly Visit<DatabaseAdvice>[]): void {
  const others = visits.map(({ answer }) => answer?.others[0] ?? null);
  if (others.length === 0 || others.includes(null)) return;
  const found = others.find((other) => other?.is !== 'absent') ?? others[0];
  if (found === null || found === undefined) return;
  const where = visits.map(({ selection }) => selection.database.name).join(', ');
  const known = others.flatMap((other) => other?.known ?? []).map(formatQualifiedName);
  throw new UsageError(
    'PD005',
    `${sentences[found.is](formatQualifiedName(table), where)}${hint(formatQualifiedName(table), found.is, known)}`,
  );
}

const sentences: Readonly<Record<OtherTable['is'], (table: string, where: string) => string>> = {
  absent: (table, where) => `There is no table ${table} in ${where}`,
  partition: (table) => `${table} is a partition: ask about the table that it belongs to.`,
  unmanaged: (table) => `${table} is partitioned, but not in the configuration: add it to tables, then ask again.`,
  other: (table) =>
    `${table} is no ordinary table of yours: it is a view, temporary, foreign, or belongs to an extension or to partitiond.`,
};

function hint(table: string, is: OtherTable['is'], known: readonly string[]): string {
  if (is !== 'absent') return '';
  const nearest = nearestWord(table, known);
  return nearest === null ? '; write it as schema.table, quoted as in SQL.' : `; did you mean ${nearest}?`;
}

function document({ selection, answer, error }: Visit<DatabaseAdvice>): unknown {
  const problem = answer !== null ? null : error === null ? 'Interrupted before it was read.' : errorText(error);
  return {
    database: selection.database.name,
    error: problem,
    managed: (answer?.managed ?? []).map(managedDocument),
    ordinary: (answer?.ordinary ?? []).map(({ table, ...rest }) => ({ table: formatQualifiedName(table), ...rest })),
  };
}

/** The interval as the policy writes it: the step of an integer key is a bigint. */
function managedDocument({ table, advice, error }: ManagedAdvice): unknown {
  const interval =
    advice === null || advice.interval === null ? null : { ...advice.interval, interval: formatInterval(advice.interval.interval) };
  return { table: formatQualifiedName(table), advice: advice === null ? null : { ...advice, interval }, error };
}

function printVisit({ selection, answer, error }: Visit<DatabaseAdvice>, isGeneral: boolean, io: Io): void {
  const { name } = selection.database;
  if (error !== null) printError(io, error, name);
  if (answer === null) return;
  const texts = [...answer.managed.map(managedAdviceText), ...answer.ordinary.map((advice) => ordinaryAdviceText(name, advice))];
  for (const lines of texts) io.stdout.write(`${lines.join('\n')}\n\n`);
  if (isGeneral && answer.ordinary.length === 0) {
    io.stdout.write(
      `${printable(name)}: no ordinary table has 1 GB or 10 million rows by its statistics; partitiond advise TABLE looks at any.\n`,
    );
  }
}

function verdictOf(visit: Visit<DatabaseAdvice>): Verdict {
  return visit.answer?.managed.some((entry) => entry.error !== null) === true ? 'failed' : verdictOfVisit(visit);
}
