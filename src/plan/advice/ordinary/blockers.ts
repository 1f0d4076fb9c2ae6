import { formatQualifiedName, quoteIdentifier } from '../../../partition/qualified-name.ts';
import { comparesNotEqual, hasHeirs, hasTransitionTables, inheritsFrom, isTyped, mayNotMoveRows } from '../../obstacle-wording.ts';
import type { OrdinaryColumn, OrdinaryTable, UniqueKey } from './table.ts';

/** Exclusion constraints of partitioned tables came with 17: postgresql.org/docs/17/release-17.html. */
const exclusionsSince = 170000;
/** UNLOGGED partitioned tables are refused: postgresql.org/docs/18/release-18.html. */
const loggedSince = 180000;

/**
 * What PostgreSQL refuses of the table as a partitioned one, what LIKE does not carry over, then what goes on with the old table when the new one has
 * its name; sentences, each with what to do.
 * Source: postgresql.org/docs/18/ddl-partitioning.html (Limitations), sql-createtable.html, sql-createtrigger.html, ddl-depend.html. Pure.
 */
export function tableBlockers(table: OrdinaryTable): readonly string[] {
  return [...inheritance(table), ...checks(table), ...exclusions(table), ...triggers(table), ...carried(table), ...dependents(table)];
}

/** What stands in the way with `column` as the key. Pure. */
export function keyBlockers(table: OrdinaryTable, column: OrdinaryColumn): readonly string[] {
  return [
    ...nulls(table, column),
    ...uniqueKeys(table, column.name),
    ...incoming(table, column.name),
    ...keyExclusions(table, column.name),
  ];
}

function inheritance({ name, parents, heirs, ofType, isUnlogged, serverVersion }: OrdinaryTable): readonly string[] {
  const found: string[] = [];
  if (parents.length > 0) found.push(inheritsFrom(name, parents));
  if (heirs.length > 0) found.push(hasHeirs(heirs));
  if (ofType !== null) found.push(isTyped(name, ofType));
  if (isUnlogged) {
    const refusal =
      serverVersion >= loggedSince
        ? 'which PostgreSQL refuses for partitioned tables since 18'
        : 'which a partitioned table does not hand on';
    found.push(
      `It is UNLOGGED, ${refusal}: the parent below is an ordinary one, and partitions are made UNLOGGED one by one, or not at all.`,
    );
  }
  return found;
}

function checks({ ownChecks }: OrdinaryTable): readonly string[] {
  return ownChecks.map(
    (check) =>
      `Check constraint ${quoteIdentifier(check)} is NO INHERIT, which a partitioned table cannot have: drop it and add it again without; ` +
      'until then no check is in the DDL below.',
  );
}

function exclusions({ exclusions: found, serverVersion }: OrdinaryTable): readonly string[] {
  if (serverVersion >= exclusionsSince) return [];
  return found.map(
    ({ name }) =>
      `Exclusion constraint ${quoteIdentifier(name)}: partitioned tables have none before PostgreSQL 17; add it to each partition, where it ` +
      'excludes within that one only, or upgrade first.',
  );
}

function triggers({ triggers: found }: OrdinaryTable): readonly string[] {
  return found.flatMap(({ name, isForEachRow, isBeforeInsert, hasTransitionTables: hasTransitions }) => {
    if (!isForEachRow) return [];
    if (hasTransitions) return [hasTransitionTables(name)];
    return isBeforeInsert ? [mayNotMoveRows(name)] : [];
  });
}

/** CREATE TABLE ... LIKE carries none of these for a partitioned table. */
function carried(table: OrdinaryTable): readonly string[] {
  const lists: readonly (readonly [string, readonly string[]])[] = [
    ['foreign key', table.outgoing],
    ['trigger', table.triggers.map((trigger) => trigger.name)],
    ['rule', table.rules],
    ['publication', table.publications],
  ];
  const things = lists.flatMap(([what, names]) =>
    names.length === 0 ? [] : [`${what}${names.length === 1 ? '' : 's'} ${names.map(quoteIdentifier).join(', ')}`],
  );
  if (table.hasRowSecurity) things.push('row security with its policies');
  if (table.hasReplicaIdentity) things.push('replica identity (of each partition)');
  return things.length === 0 ? [] : [`The DDL below does not carry these, make them again on the new table: ${things.join('; ')}.`];
}

function dependents({ name, views, sequences }: OrdinaryTable): readonly string[] {
  const table = formatQualifiedName(name);
  const found = sequences.map(({ name: sequence, column }) => {
    const [owned, key] = [formatQualifiedName(sequence), quoteIdentifier(column)];
    return (
      `Sequence ${owned} belongs to column ${key} of the old table: while the new default uses it, dropping the old table fails, and DROP ... CASCADE ` +
      `takes that default away. When the new table has its name, before the drop: ALTER SEQUENCE ${owned} OWNED BY ${table}.${key};`
    );
  });
  if (views.length === 0) return found;
  const [label, names] = [views.length === 1 ? 'View' : 'Views', views.map(formatQualifiedName).join(', ')];
  return [
    ...found,
    `${label} ${names} will go on reading the old table, whatever its name is then: make them again on the new one before the old one is ` +
      'dropped; DROP ... CASCADE would drop them.',
  ];
}

function nulls({ name }: OrdinaryTable, column: OrdinaryColumn): readonly string[] {
  const { nullFraction } = column;
  if (nullFraction === null || nullFraction === 0) return [];
  const share = nullFraction < 0.01 ? 'less than 1 %' : `${Math.round(nullFraction * 100)} %`;
  const [table, key] = [formatQualifiedName(name), quoteIdentifier(column.name)];
  return [
    `${share} of the rows have no ${key}, and rows without a key only fit into a default partition: fill it in, then ` +
      `ALTER TABLE ${table} ALTER COLUMN ${key} SET NOT NULL;`,
  ];
}

function uniqueKeys({ uniqueKeys: keys }: OrdinaryTable, column: string): readonly string[] {
  return keys.flatMap((key) => {
    if (key.columns.includes(column)) return [];
    const what = `${keyNames[key.kind]} ${quoteIdentifier(key.name)}`;
    if (key.columns.includes(null)) {
      return [
        `${what} lacks ${quoteIdentifier(column)} and has an expression: a partitioned table has no such unique key; make it an index of each ` +
          'partition, where it holds within that one only, or of a generated column together with the key.',
      ];
    }
    const columns = key.columns.map((name) => quoteIdentifier(String(name))).join(', ');
    return [
      `${what} (${columns}) lacks ${quoteIdentifier(column)}, which every unique key of a partitioned table must hold: make it ` +
        `(${extendedKey(key, column)}). The same (${columns}) may then come twice, in different partitions: PostgreSQL has no unique key across them.`,
    ];
  });
}

const keyNames = { primary: 'Primary key', unique: 'Unique constraint', index: 'Unique index' } as const;

/** The columns of a key without expressions and the partition key, the part WITHOUT OVERLAPS last: `id, created_at`. Quoted for SQL. */
export function extendedKey(key: UniqueKey, column: string, quote: (name: string) => string = quoteIdentifier): string {
  const columns = key.columns.map((name) => quote(String(name)));
  const added = key.columns.includes(column) ? [] : [quote(column)];
  if (!key.isTemporal) return [...columns, ...added].join(', ');
  return [...columns.slice(0, -1), ...added, ...columns.slice(-1).map((period) => `${period} WITHOUT OVERLAPS`)].join(', ');
}

function incoming({ incoming: found }: OrdinaryTable, column: string): readonly string[] {
  return found
    .filter((key) => !key.columns.includes(column))
    .map(
      ({ name, table, columns }) =>
        `Foreign key ${quoteIdentifier(name)} of ${formatQualifiedName(table)} references (${columns.map(quoteIdentifier).join(', ')}), and ` +
        `can only reference a unique key, which must hold ${quoteIdentifier(column)}: add that column there and to the foreign key, or drop it.`,
    );
}

function keyExclusions({ exclusions: found, serverVersion }: OrdinaryTable, column: string): readonly string[] {
  if (serverVersion < exclusionsSince) return [];
  return found.filter((exclusion) => !exclusion.equal.includes(column)).map(({ name }) => comparesNotEqual(name, column));
}
