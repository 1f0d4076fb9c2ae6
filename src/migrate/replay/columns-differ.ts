import { MigrationError, StatementError } from '../../errors.ts';
import { sidesOf } from '../../partition/migration/spec.ts';
import { formatQualifiedName, quoteIdentifier } from '../../partition/qualified-name.ts';
import { migrateCommand } from '../../plan/migration/next-command.ts';
import { sqlstates } from '../../postgres/sqlstate.ts';
import type { Engine } from '../engine.ts';
import { orStay } from './or-stay.ts';

/** By which the server refuses to read a column, or to compare it with that of the other table or to write it there. */
const states: ReadonlySet<string> = new Set([sqlstates.undefinedColumn, sqlstates.datatypeMismatch]);

/**
 * PD629, when `error` says that the new table, which takes the writes, has other columns than at the switch; else null. Its definition is its
 * owner's again, who may have dropped, renamed or altered what the old one still has.
 */
export function columnsDiffer({ spec, record }: Engine, error: unknown): MigrationError | null {
  if (!(error instanceof StatementError) || !states.has(error.sqlstate) || record.live !== 'target') return null;
  const { live, follower } = sidesOf(spec, record.live);
  const columns = spec.columns.map(({ name, type }) => `${quoteIdentifier(name)} ${type}`).join(', ');
  return new MigrationError(
    'PD629',
    `Could not follow ${formatQualifiedName(live.name)}, of which a column was dropped, renamed or given another type since the switch: ${formatQualifiedName(follower.name)} ` +
      `has ${columns}. Make it so again, then \`${migrateCommand('start', spec.table)}\` and \`${migrateCommand('verify', spec.table)}\`; ` +
      `until then there is no rollback.${orStay(spec.table)}`,
    { cause: error },
  );
}
