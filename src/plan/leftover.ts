import { cutToBytes, maxIdentifierBytes } from '../partition/identifier.ts';
import type { IndexFacts, IndexMark } from '../partition/upkeep.ts';

/** Whether an index is called like the second one of a REINDEX CONCURRENTLY: `x_ccnew` before the two change places, `x_ccold` afterwards. */
export function isNamedAsLeftover(name: string): boolean {
  return endingOf(name) !== '';
}

/** The mark of the index beside which our own REINDEX or build, not known to have ended well, left this one; undefined: of none. */
export function leftoverOf({ name: { name }, relationOid }: IndexFacts, marks: readonly IndexMark[]): IndexMark | undefined {
  return marks.find((mark) => mark.state !== 'built' && mark.relationOid === relationOid && isLeftoverOf(name, mark.index.name));
}

/** Whether `name` is that of the second index of a REINDEX CONCURRENTLY of `index`. */
export function isLeftoverOf(name: string, index: string): boolean {
  const ending = endingOf(name);
  // PostgreSQL cuts a long name to make room for the ending. Source: makeObjectName.
  return ending !== '' && name === cutToBytes(index, maxIdentifierBytes - ending.length) + ending;
}

/** PostgreSQL numbers the ending when the name is taken (`x_ccnew1`); empty: another name. Source: ChooseRelationName. */
function endingOf(name: string): string {
  return /_cc(?:new|old)\d*$/.exec(name)?.[0] ?? '';
}
