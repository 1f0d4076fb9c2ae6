import { type Bar, barKinds } from './bar.ts';
import { narrowest, type Scale } from './scale.ts';

/**
 * Bars that can be told apart on a screen: neighbours of one kind are joined until they are wide enough, so that at most `most` bars and one
 * more for each change of kind are left. Where kinds change that often, neighbours of any kind are joined, and the result has at most
 * `most` + 1 bars. Counts, rows and bytes add up to those of `bars`; the order stays. Pure.
 */
export function joinBars(bars: readonly Bar[], scale: Scale, most: number): readonly Bar[] {
  const least = bars.length > most ? 1 / most : narrowest;
  const sameKind = joinWhile(bars, (joined, next) => joined.kind === next.kind && widthOf(joined, scale) < least);
  if (sameKind.length <= 2 * most) return sameKind;
  const perBar = Math.ceil(sameKind.length / most);
  return Array.from({ length: Math.ceil(sameKind.length / perBar) }, (_, index) =>
    sameKind.slice(index * perBar, (index + 1) * perBar),
  ).flatMap((group) => joinWhile(group, () => true));
}

/** Joins each bar to the one before it as long as `isOpen` says so. */
function joinWhile(bars: readonly Bar[], isOpen: (joined: Bar, next: Bar) => boolean): readonly Bar[] {
  const joined: Bar[] = [];
  for (const next of bars) {
    const last = joined.at(-1);
    if (last !== undefined && isOpen(last, next)) joined[joined.length - 1] = joinTwo(last, next);
    else joined.push(next);
  }
  return joined;
}

function widthOf({ from, to }: Bar, scale: Scale): number {
  return scale.at(to, 'right') - scale.at(from, 'left');
}

/** What two neighbours are together. */
export function joinTwo(a: Bar, b: Bar): Bar {
  return {
    kind: barKinds.find((kind) => kind === a.kind || kind === b.kind) ?? a.kind,
    from: a.from,
    fromText: a.fromText,
    ...laterEnd(a, b),
    name: null,
    partitions: a.partitions + b.partitions,
    gaps: a.gaps + b.gaps,
    rows: a.rows < 0 && b.rows < 0 ? -1 : Math.max(a.rows, 0) + Math.max(b.rows, 0),
    bytes: a.bytes + b.bytes,
  };
}

/** A pending detach may overlap what took its place. */
function laterEnd(a: Bar, b: Bar): Pick<Bar, 'to' | 'toText'> {
  const isLater = a.to !== null && (b.to === null || b.to > a.to);
  return isLater ? { to: b.to, toText: b.toText } : { to: a.to, toText: a.toText };
}
