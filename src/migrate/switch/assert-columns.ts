import type { TurningSide } from '../../ddl/migration/switch/turn.ts';
import { MigrationError } from '../../errors.ts';
import { formatQualifiedName, quoteIdentifier } from '../../partition/qualified-name.ts';
import { migrateCommand } from '../../plan/migration/next-command.ts';
import { namedSql } from '../../postgres/named-sql.ts';
import { list, row, text } from '../../postgres/row-decoder.ts';
import type { Engine } from '../engine.ts';

/** Throws `MigrationError` (PD643) where the new table has got columns that the old one lacks: nobody has kept their contents, and a rollback would lose them. */
export async function assertNoNewColumns(
  { session, spec }: Pick<Engine, 'session' | 'spec'>,
  { old, fresh }: { readonly old: TurningSide; readonly fresh: TurningSide },
  signal: AbortSignal,
): Promise<void> {
  const [found] = await session.rows(columnsSql, [old.oid, fresh.oid], row<{ names: readonly string[] }>({ names: list(text) }), signal);
  const names = (found?.names ?? []).map((name) => quoteIdentifier(name)).join(', ');
  if (names === '') return;
  const table = formatQualifiedName(spec.table);
  throw new MigrationError(
    'PD643',
    `Could not switch ${table} back: ${formatQualifiedName(fresh.before)} lacks the columns ${names}, whose contents would be lost. Drop them from ` +
      `${table} and try again, or stay: \`${migrateCommand('finish --yes', spec.table)}\`.`,
  );
}

/** `$1`, `$2`: oids of tables. Names of columns of the first that the second has not. */
const columnsSql = namedSql(
  'read-new-columns',
  /* sql */ `
  SELECT ARRAY(
    SELECT a.attname::pg_catalog.text
    FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = $1::pg_catalog.oid
      AND a.attnum > 0
      AND NOT a.attisdropped
      AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_attribute AS b
        WHERE b.attrelid = $2::pg_catalog.oid
          AND b.attname = a.attname
          AND b.attnum > 0
          AND NOT b.attisdropped
      )
    ORDER BY a.attnum
  ) AS "names"`,
);
