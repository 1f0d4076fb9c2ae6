import type { Configuration } from '../../config/configuration.ts';
import { InvariantError, UsageError } from '../../errors.ts';
import { type MigrationTable, withMigration } from '../../migrate/run/begin-migration.ts';
import type { DatabasePolicy } from '../../partition/policy.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import type { Invocation } from '../command-line/invocation.ts';
import { options } from '../command-line/options.ts';
import { selectDatabases } from '../databases/selection.ts';

/** The one table that a migration is about, with its entry in the configuration. */
export interface ChosenTable {
  readonly database: DatabasePolicy;
  readonly policy: MigrationTable;
  /** Else `policy.migration` is the defaults, with which partitions may be split and merged. */
  readonly hasBlock: boolean;
}

/**
 * The table that `--table` names. Throws `UsageError` (PD003 without one or with several, PD005 for one that the configuration does not know).
 */
export function chosenTable({ databases }: Configuration, invocation: Invocation): ChosenTable {
  if (invocation.values(options.table).length !== 1)
    throw new UsageError('PD003', 'A migration is about one table: give --table NAME, once, for example --table public.revenues.');
  const [selection, second] = selectDatabases(databases, invocation);
  const table = selection?.tables?.[0];
  if (selection === undefined || table === undefined) throw new InvariantError('PD903', 'A table was selected and is in no database');
  const name = formatQualifiedName(table);
  if (second !== undefined) {
    const names = `${selection.database.name} and ${second.database.name}`;
    throw new UsageError('PD003', `Databases ${names} both have a table ${name}; add --database NAME.`);
  }
  const { database } = selection;
  const policy = database.tables.find((candidate) => formatQualifiedName(candidate.table) === name);
  if (policy === undefined) throw new InvariantError('PD903', 'A table was selected and has no policy');
  const hasBlock = policy.migration !== null;
  return { database, policy: withMigration(policy), hasBlock };
}
