import { createKeyCodec } from '../../../partition/codec.ts';
import type { KeyCodec } from '../../../partition/key.ts';
import type { KeyEncoding } from '../../../partition/key-encoding.ts';
import type { OrdinaryColumn, OrdinaryTable } from './table.ts';

/** How a column could be a partition key. */
export interface KeyKind {
  /** A date or time; an identifier that begins with its time; a number that only goes up. */
  readonly kind: 'time' | 'sortable-id' | 'integer';
  readonly encoding: KeyEncoding;
  readonly codec: KeyCodec;
}

const timeTypes: ReadonlySet<string> = new Set(['timestamp with time zone', 'timestamp without time zone', 'date']);
const numberTypes: ReadonlySet<string> = new Set(['smallint', 'integer', 'bigint', 'numeric']);

/** Null when rows would not come in the order of the column, so that its intervals would mean nothing. Pure, throws nothing. */
export function keyKind(table: OrdinaryTable, column: OrdinaryColumn): KeyKind | null {
  if (timeTypes.has(column.type)) return withCodec('time', column, { kind: 'auto' });
  if (numberTypes.has(column.type)) return isCounted(table, column) ? withCodec('integer', column, { kind: 'auto' }) : null;
  const isId = column.bounds.length + column.common.length > 0;
  if (column.type === 'uuid') {
    return isId || /\buuidv7\(/.test(column.default ?? '') ? withCodec('sortable-id', column, { kind: 'auto' }) : null;
  }
  return isId ? withCodec('sortable-id', column, { kind: 'ulid' }) : null;
}

function isCounted(table: OrdinaryTable, column: OrdinaryColumn): boolean {
  if (column.isIdentity || /\bnextval\(/.test(column.default ?? '')) return true;
  const primary = table.uniqueKeys.find((key) => key.kind === 'primary');
  return primary?.columns.length === 1 && primary.columns[0] === column.name;
}

function withCodec(kind: KeyKind['kind'], column: OrdinaryColumn, encoding: KeyEncoding): KeyKind | null {
  const codec = createKeyCodec({ name: column.name, type: column.type, scale: column.scale, collation: null }, encoding, 'UTC');
  return 'problem' in codec ? null : { kind, encoding, codec };
}
