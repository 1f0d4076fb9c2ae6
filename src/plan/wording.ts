/** How plans speak: the few phrases that reasons and findings share, so that the same thing is always said in the same words. */
import type { KeyCodec } from '../partition/key.ts';
import type { Range } from '../partition/position.ts';
import { formatQualifiedName, type QualifiedName } from '../partition/qualified-name.ts';

const listed = 3;

/** `2025-04-01T00:00:00Z to 2025-07-01T00:00:00Z`; ends without a value are MINVALUE and MAXVALUE. */
export function describeRange(codec: KeyCodec, range: Range): string {
  return `${codec.display(range.from)} to ${codec.display(range.to)}`;
}

/** The first three, then how many more there are: `a, b, c and 4 more`. `things` is not empty. */
export function enumerate(things: readonly string[]): string {
  if (things.length <= listed) return things.join(', ');
  return `${things.slice(0, listed).join(', ')} and ${formatCount(things.length - listed)} more`;
}

/** Like `enumerate`, of names as SQL would quote them. */
export function enumerateNames(things: readonly { readonly name: QualifiedName }[]): string {
  return enumerate(things.map((thing) => formatQualifiedName(thing.name)));
}

/** `1 partition`, `12,000 partitions`. */
export function countOf(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** Whole numbers with a comma between thousands. */
export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ',');
}
