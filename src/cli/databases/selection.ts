import { nearestWord } from '../../config/document/nearest-word.ts';
import { UsageError } from '../../errors.ts';
import type { DatabasePolicy } from '../../partition/policy.ts';
import { formatQualifiedName, parseQualifiedName, type QualifiedName } from '../../partition/qualified-name.ts';
import type { Invocation } from '../command-line/invocation.ts';
import { options } from '../command-line/options.ts';

/** A database that a command is to work on, and which of its tables; null: all. */
export interface Selection {
  readonly database: DatabasePolicy;
  readonly tables: readonly QualifiedName[] | null;
}

/**
 * The databases and tables that `--database` and `--table` name, in the order of the configuration; everything without them. A database
 * without a named table is left out. Throws `UsageError` (PD005, PD003) for a name that the configuration does not know.
 */
export function selectDatabases(databases: readonly DatabasePolicy[], invocation: Invocation): readonly Selection[] {
  const wantedDatabases = invocation.values(options.database);
  for (const name of wantedDatabases) assertDatabase(name, databases);
  const selected = wantedDatabases.length === 0 ? databases : databases.filter((database) => wantedDatabases.includes(database.name));
  const wantedTables = invocation.values(options.table).map(parseTable);
  if (wantedTables.length === 0) return selected.map((database) => ({ database, tables: null }));
  const wanted = new Set(wantedTables.map(formatQualifiedName));
  for (const name of wanted) assertTable(name, selected);
  return selected
    .map((database) => ({
      database,
      tables: database.tables.map((policy) => policy.table).filter((table) => wanted.has(formatQualifiedName(table))),
    }))
    .filter((selection) => selection.tables.length > 0);
}

function parseTable(text: string): QualifiedName {
  try {
    return parseQualifiedName(text);
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError('PD003', `--table ${JSON.stringify(text)}: ${problem}`, { cause });
  }
}

function assertDatabase(name: string, databases: readonly DatabasePolicy[]): void {
  const names = databases.map((database) => database.name);
  if (!names.includes(name))
    throw new UsageError('PD005', `The configuration has no database ${JSON.stringify(name)}; ${hint(name, names)}`);
}

function assertTable(name: string, databases: readonly DatabasePolicy[]): void {
  const names = databases.flatMap((database) => database.tables.map((policy) => formatQualifiedName(policy.table)));
  if (names.includes(name)) return;
  const where = databases.map((database) => database.name).join(', ');
  throw new UsageError('PD005', `The configuration has no table ${name} in ${where}; ${hint(name, names)}`);
}

function hint(name: string, names: readonly string[]): string {
  const nearest = nearestWord(name, names);
  if (nearest !== null) return `did you mean ${nearest}?`;
  return names.length === 0 ? 'there is none.' : `there are ${names.slice(0, 10).join(', ')}${names.length > 10 ? ', ...' : ''}.`;
}
