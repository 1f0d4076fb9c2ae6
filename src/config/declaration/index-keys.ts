import type { IndexedPartitions, IndexKey } from '../../partition/policy.ts';
import { indexColumns, indexExpressions, indexedPartitions, indexMethod, indexParameters } from '../format/index-values.ts';
import { flag } from '../format/number.ts';
import { condition } from '../format/sql-fragment.ts';
import { columnNames, sqlIdentifier } from '../format/sql-identifier.ts';
import { defaulted, type Key, optional, required, type Section, section } from './key.ts';

export type IndexKeys = {
  readonly name: Key<string>;
  readonly columns: Key<readonly IndexKey[] | null>;
  readonly expression: Key<readonly IndexKey[] | null>;
  readonly method: Key<string>;
  readonly unique: Key<boolean>;
  readonly where: Key<string | null>;
  readonly include: Key<readonly string[]>;
  readonly with: Key<Readonly<Record<string, string>>>;
  readonly tablespace: Key<string | null>;
  readonly partitions: Key<IndexedPartitions>;
};

export const indexSection: Section<IndexKeys> = section('One index.', {
  name: required(
    sqlIdentifier('index name'),
    "Its name, in the table's schema. On a partition it is called `{partition}_{name}`, cut to 63 bytes at the partition's part.",
  ),
  columns: optional(
    indexColumns,
    'Its columns in their order, each with `COLLATE`, operator class, `DESC`, `NULLS LAST` if need be. Either this or `expression`.',
  ),
  expression: optional(indexExpressions, 'What is indexed instead of columns; in a list, columns may stand among the expressions.'),
  method: defaulted(indexMethod, 'btree', "The access method: one of PostgreSQL's, or of an extension such as `bloom`."),
  unique: defaulted(
    flag,
    false,
    'Whether no two rows may be the same in it; then its columns must contain the partition key, except with `partitions` other than `all`.',
  ),
  where: optional(condition, 'Only rows for which this holds are in it: a partial index.', 'all rows'),
  include: defaulted(columnNames, [], 'Columns that are stored in it beside its keys.'),
  with: defaulted(indexParameters, {}, 'Its storage parameters.'),
  tablespace: optional(sqlIdentifier('tablespace'), 'Where it is stored.', "the database's"),
  partitions: defaulted(
    indexedPartitions,
    'all',
    'Which partitions have it. `all`: an index of the table itself, so every partition, now and later. Else an independent index on each of: ' +
      '`current`, the current partition and those ahead; `newest N`, those and the N - 1 before the current one; `closed`, those whose range is over. ' +
      'It is dropped where a partition no longer belongs to them.',
  ),
});
