import type { KeyColumn } from '../../../partition/key.ts';
import type { ColumnDefinition } from '../../../partition/migration/definition.ts';

/** A column as codecs know it: `timestamp(3) with time zone` is `timestamp with time zone`, `numeric(12,2)` is `numeric` of scale 2. */
export function keyColumn({ name, type }: ColumnDefinition): KeyColumn {
  const [, precision, scale] = /^numeric\((\d+)(?:,(-?\d+))?\)$/.exec(type) ?? [];
  return {
    name,
    type: type.replace(/\([\d,-]+\)/, ''),
    scale: precision === undefined ? null : Number(scale ?? 0),
    // A partition key has its column's collation unless PARTITION BY says otherwise, which a target's does not.
    collation: null,
  };
}
