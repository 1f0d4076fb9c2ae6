import { type Edge, isPosition, MINVALUE, type Position } from '../position.ts';

/** Throws `RangeError` with a sentence when a value cannot be written into the key's type. `shown` is the value for people. */
export function checkWithin(position: Position, min: Position, max: Position, shown: string, type: string): void {
  if (position < min || position > max) throw new RangeError(`${shown} is outside what a key of type ${type} can hold`);
}

/** `MINVALUE`, `MAXVALUE`, or what `show` makes of the position. */
export function displayEdge(edge: Edge, show: (position: Position) => string): string {
  if (isPosition(edge)) return show(edge);
  return edge === MINVALUE ? 'MINVALUE' : 'MAXVALUE';
}
