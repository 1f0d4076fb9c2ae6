import type { KeyCodec } from '../partition/key.ts';
import { isPosition, type Range } from '../partition/position.ts';

/** A range as steps carry it: literals as the codec formats them, unquoted; null is MINVALUE below and MAXVALUE above. */
export function boundLiterals(codec: KeyCodec, { from, to }: Range): { readonly from: string | null; readonly to: string | null } {
  return { from: isPosition(from) ? codec.format(from) : null, to: isPosition(to) ? codec.format(to) : null };
}
