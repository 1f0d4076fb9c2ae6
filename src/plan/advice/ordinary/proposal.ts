import { formatInstant } from '../../../partition/calendar.ts';
import { cutToBytes, maxIdentifierBytes } from '../../../partition/identifier.ts';
import { formatInterval } from '../../../partition/interval.ts';
import type { OrdinaryProposal } from './advice.ts';
import { extendedKey } from './blockers.ts';
import { copyableIdentifier, copyableName, yamlName } from './copyable.ts';
import type { KeyKind } from './key-kind.ts';
import type { KeyRange } from './key-range.ts';
import type { OrdinaryColumn, OrdinaryTable } from './table.ts';
import type { Width } from './width.ts';

/** What a table is proposed to become. */
export interface Chosen {
  readonly column: OrdinaryColumn;
  readonly key: KeyKind;
  readonly range: KeyRange | null;
  readonly width: Width;
}

const suffix = '_partitioned';

/** The policy's entry under the table's own name, which the parent takes when the rows have moved, and the parent's DDL beside it. Pure. */
export function proposal(table: OrdinaryTable, chosen: Chosen): OrdinaryProposal {
  const { column, width } = chosen;
  return {
    column: column.name,
    interval: formatInterval(width.interval),
    partitions: width.lineup?.partitions ?? null,
    yaml: yamlEntry(table, chosen),
    ddl: parentDdl(table, column),
  };
}

function yamlEntry({ name }: OrdinaryTable, { column, key, range, width }: Chosen): string {
  const lines = [`- table: ${yamlName(name)}`, `  interval: ${formatInterval(width.interval)}`];
  if (width.lineup !== null) {
    const sql = copyableIdentifier(column.name);
    // Not min(), which uuids have since 18 only.
    lines.push(`  # by the statistics, a sample; compare first: SELECT ${sql} FROM ${copyableName(name)} ORDER BY ${sql} LIMIT 1;`);
    lines.push(`  startFrom: ${startText(key, width.lineup.from)}`);
  }
  lines.push(`  premake: ${width.premake}`);
  if (key.encoding.kind !== 'auto') lines.push(`  key: { encoding: ${key.encoding.kind} }`);
  if (range !== null && hasOutliers(range)) lines.push('  defaultPartition: managed');
  return `${lines.join('\n')}\n`;
}

/** Whether some rows belong into a default partition. */
export function hasOutliers({ from, to, main, hasInfinity }: KeyRange): boolean {
  return hasInfinity || main.from > from || main.to < to;
}

function startText({ kind, codec }: KeyKind, from: bigint): string {
  if (kind === 'integer') return String(from / BigInt(codec.parse('1')));
  return formatInstant(codec.toCalendar(from)).replace(/T00:00:00Z$/, '');
}

function parentDdl(table: OrdinaryTable, column: OrdinaryColumn): string {
  const { schema, name } = table.name;
  const parent = { schema, name: `${cutToBytes(name, maxIdentifierBytes - suffix.length)}${suffix}` };
  const including = [
    'DEFAULTS',
    'GENERATED',
    'STORAGE',
    'COMPRESSION',
    ...(table.ownChecks.length > 0 ? [] : ['CONSTRAINTS']),
    'STATISTICS',
    'COMMENTS',
  ];
  const primary = primaryKey(table, column.name);
  return [
    '-- Left to the migration: identity, indexes, further unique keys, foreign keys, triggers, rules, privileges, row security, replica',
    '-- identity, publications, and the rows. The table then takes the name of the old one.',
    `CREATE TABLE ${copyableName(parent)} (`,
    `  LIKE ${copyableName(table.name)} ${including.map((what) => `INCLUDING ${what}`).join(' ')}${primary === null ? '' : ','}`,
    ...(primary === null ? [] : [`  ${primary}`]),
    `) PARTITION BY RANGE (${copyableIdentifier(column.name)});`,
    '',
  ].join('\n');
}

function primaryKey({ uniqueKeys }: OrdinaryTable, column: string): string | null {
  const key = uniqueKeys.find(({ kind }) => kind === 'primary');
  if (key === undefined) return null;
  // A column that is among those of INCLUDE moves to the key's own.
  const others = key.included.filter((name) => name !== column);
  const included = others.length === 0 ? '' : ` INCLUDE (${others.map(copyableIdentifier).join(', ')})`;
  const deferrable = key.isDeferrable ? ` DEFERRABLE${key.isDeferred ? ' INITIALLY DEFERRED' : ''}` : '';
  return `PRIMARY KEY (${extendedKey(key, column, copyableIdentifier)})${included}${deferrable}`;
}
