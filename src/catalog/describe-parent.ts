import { createKeyCodec } from '../partition/codec.ts';
import { createGrid, type Grid } from '../partition/grid.ts';
import type { KeyCodec, KeyColumn } from '../partition/key.ts';
import type { Obstacle } from '../partition/partition.ts';
import type { TablePolicy } from '../partition/policy.ts';
import { formatQualifiedName } from '../partition/qualified-name.ts';
import type { ParentRow } from './parents.sql.ts';

/** A table that can be managed, before its partitions are read. */
export interface Parent {
  readonly oid: string;
  readonly owner: string;
  readonly policy: TablePolicy;
  readonly key: KeyColumn;
  readonly codec: KeyCodec;
  readonly grid: Grid;
  readonly row: ParentRow;
}

/** Judges a catalog row against its policy. `similar`: a table of about that name elsewhere, for a table that was not found. Pure. */
export function describeParent(row: ParentRow, policy: TablePolicy, similar: string | null): Parent | Obstacle {
  const name = formatQualifiedName(policy.table);
  if (row.oid === null || row.owner === null) return notFound(name, similar);
  if (row.strategy === null) return notPartitioned(name, row.relkind ?? '');
  if (row.strategy !== 'r') {
    const strategy = row.strategy === 'l' ? 'LIST' : 'HASH';
    return unsupportedKey(`${name} is partitioned by ${strategy}; partitiond manages tables with PARTITION BY RANGE (one column).`);
  }
  const key = keyColumn(row, name);
  if ('kind' in key) return key;
  const codec = createKeyCodec(key, policy.encoding, policy.timezone);
  if ('problem' in codec) return unsupportedKey(`${name}: ${codec.problem}.`);
  const grid = createGrid(policy.interval, codec);
  if ('problem' in grid) return unsupportedKey(`${name}: ${grid.problem}.`);
  return { oid: row.oid, owner: row.owner, policy, key, codec, grid, row };
}

function keyColumn(row: ParentRow, name: string): KeyColumn | Obstacle {
  if ((row.keyColumns ?? 0) > 1) {
    return unsupportedKey(
      `${name} has a partition key of ${row.keyColumns} columns; partitiond manages a single key column (sub-partition by the others instead).`,
    );
  }
  if (row.keyName === null || row.keyType === null) {
    return unsupportedKey(
      `${name} is partitioned by an expression; partitiond manages a plain column; add one that holds the expression's value and partition by it.`,
    );
  }
  return { name: row.keyName, type: row.keyType, scale: row.scale, collation: row.collation };
}

function notFound(name: string, similar: string | null): Obstacle {
  const fix = similar === null ? `create it with CREATE TABLE ${name} (...) PARTITION BY RANGE (column)` : `did you mean ${similar}?`;
  return { kind: 'not-partitioned', message: `There is no table ${name} in this database; ${fix}${fix.endsWith('?') ? '' : '.'}` };
}

const kinds: Readonly<Record<string, string>> = { v: 'a view', m: 'a materialised view', f: 'a foreign table', r: 'an ordinary table' };

function notPartitioned(name: string, relkind: string): Obstacle {
  const fix =
    relkind === 'r'
      ? 'PostgreSQL cannot partition a table in place: create a partitioned one beside it (CREATE TABLE new (LIKE old INCLUDING ALL) PARTITION ' +
        'BY RANGE (column)), move the rows and swap the names'
      : 'name the partitioned table itself';
  return { kind: 'not-partitioned', message: `${name} is ${kinds[relkind] ?? 'no table'}, not a partitioned table; ${fix}.` };
}

function unsupportedKey(message: string): Obstacle {
  return { kind: 'unsupported-key', message };
}
