import type { KeyCodec } from '../partition/key.ts';
import { type Edge, isPosition } from '../partition/position.ts';

/**
 * True for MINVALUE, MAXVALUE and the infinities of time types, which lie outside what the codec calls its smallest and greatest value:
 * nothing can be put beyond them, and no grid has boundaries there.
 */
export function isUnbounded(edge: Edge, codec: KeyCodec): boolean {
  return !isPosition(edge) || edge < codec.min || edge > codec.max;
}
