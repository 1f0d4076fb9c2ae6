import { type MigrationSpec, positionColumns, type Side } from '../../../partition/migration/spec.ts';
import { formatQualifiedName, quoteIdentifier } from '../../../partition/qualified-name.ts';
import { logColumns } from './capture-log.ts';

/** Between which tables a function of `dual` works, by the names that they have while its triggers are enabled. */
export interface DualSides {
  readonly live: Pick<Side, 'name' | 'isOnly'>;
  readonly follower: Pick<Side, 'name' | 'isOnly'>;
  /** As SQL. */
  readonly log: string;
}

/**
 * Body of the row trigger of `dual`: makes the follower equal at the old and at the new position, each for itself, by what the live table has
 * there now. So the order of rows within a statement does not matter (`SET id = id + 1`).
 *
 * Where the transaction's snapshot is older than the statement, a row that was copied meanwhile cannot be seen: it is neither deleted nor
 * overwritten (40001, 23505). Such a position is logged instead, as is one where nothing was found on either side. A subtransaction per row is
 * the price, which READ COMMITTED does not pay: there each statement sees what was committed. It does where the table has another unique key: a row
 * that frees a value may reach the follower later than the one that takes it (logged, or by a trigger of the application), and is then logged too.
 */
export function dualBody(spec: MigrationSpec, sides: DualSides): string {
  return `
DECLARE
  at_old pg_catalog.bool := TG_OP = 'DELETE';
  follows pg_catalog.bool := ${hasOtherUnique(spec) ? 'false' : "pg_catalog.current_setting('transaction_isolation') IN ('read committed', 'read uncommitted')"};
  deleted pg_catalog.int8;
  inserted pg_catalog.int8;
BEGIN
  IF TG_OP = 'UPDATE' THEN
    at_old := ${image(spec, 'OLD')} OPERATOR(pg_catalog.*<>) ${image(spec, 'NEW')};
  END IF;
  IF at_old THEN
    ${atPosition(spec, sides, 'OLD')}
  END IF;
  IF TG_OP <> 'DELETE' THEN
    ${atPosition(spec, sides, 'NEW')}
  END IF;
  RETURN NULL;
END
`;
}

/** One that its rows are not told apart by anyhow. */
function hasOtherUnique({ definition, key }: MigrationSpec): boolean {
  return definition.indexes.some(
    ({ isUnique, isPartial, columns }) => isUnique && (isPartial || !key.every(({ name }) => columns.includes(name))),
  );
}

function image(spec: MigrationSpec, row: string): string {
  return `ROW(${positionOf(spec, row)})::pg_catalog.record`;
}

function positionOf(spec: MigrationSpec, row: string): string {
  return positionColumns(spec)
    .map(({ name }) => `${row}.${quoteIdentifier(name)}`)
    .join(', ');
}

function atPosition(spec: MigrationSpec, sides: DualSides, row: 'OLD' | 'NEW'): string {
  const make = makeEqual(spec, sides, row);
  const into = logColumns(spec)
    .map(({ log }) => log)
    .join(', ');
  const log = `INSERT INTO ${sides.log} (${into}) VALUES (${positionOf(spec, row)});`;
  return `IF follows THEN
      ${make.join('\n      ')}
    ELSE
      BEGIN
        ${make[0]}
        GET DIAGNOSTICS deleted = ROW_COUNT;
        ${make[1]}
        GET DIAGNOSTICS inserted = ROW_COUNT;
        IF deleted = 0 AND inserted = 0 THEN
          ${log}
        END IF;
      EXCEPTION WHEN serialization_failure OR unique_violation THEN
        ${log}
      END;
    END IF;`;
}

/** ON CONFLICT: a batch that does not lock what only non-key columns change may commit the row in between. */
function makeEqual(spec: MigrationSpec, sides: DualSides, row: 'OLD' | 'NEW'): readonly [string, string] {
  const position = positionColumns(spec);
  const names = spec.columns.map(({ name }) => quoteIdentifier(name));
  const where = (alias: string): string =>
    position.map(({ name }) => `${alias}.${quoteIdentifier(name)} OPERATOR(pg_catalog.=) ${row}.${quoteIdentifier(name)}`).join(' AND ');
  const follower = formatQualifiedName(sides.follower.name);
  const arbiter = (sides.follower.isOnly ? spec.key : position).map(({ name }) => quoteIdentifier(name));
  const others = names.filter((name) => !arbiter.includes(name));
  const overwrite = others.length === 0 ? 'NOTHING' : `UPDATE SET ${others.map((name) => `${name} = EXCLUDED.${name}`).join(', ')}`;
  return [
    `DELETE FROM ${only(sides.follower)}${follower} AS f WHERE ${where('f')};`,
    `INSERT INTO ${follower} (${names.join(', ')}) OVERRIDING SYSTEM VALUE ` +
      `SELECT ${names.map((name) => `s.${name}`).join(', ')} FROM ${only(sides.live)}${formatQualifiedName(sides.live.name)} AS s ` +
      `WHERE ${where('s')} ON CONFLICT (${arbiter.join(', ')}) DO ${overwrite};`,
  ];
}

function only({ isOnly }: Pick<Side, 'isOnly'>): string {
  return isOnly ? 'ONLY ' : '';
}
