import { createKeyCodec } from '../../../src/partition/codec.ts';
import type { KeyCodec, KeyColumn } from '../../../src/partition/key.ts';
import type { KeyEncoding } from '../../../src/partition/key-encoding.ts';

export function keyColumn(type: string, scale: number | null = null): KeyColumn {
  return { name: 'at', type, scale, collation: null };
}

/** The codec of a column that fits its encoding; a problem fails the test. */
export function codecOf(type: string, encoding: KeyEncoding = { kind: 'auto' }, timezone = 'UTC', scale: number | null = null): KeyCodec {
  const codec = createKeyCodec(keyColumn(type, scale), encoding, timezone);
  if ('problem' in codec) throw new Error(codec.problem);
  return codec;
}

/** Twitter's generator. */
export const twitter: KeyEncoding = { kind: 'snowflake', epochMs: 1_288_834_974_657n, shift: 22 };
