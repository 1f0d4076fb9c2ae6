import { scaleUtc } from 'd3-scale';
import { formatCount } from '../text/amounts.ts';
import type { Bar } from './bar.ts';
import { type Axis, one, type Place } from './place.ts';

/** Maps places to shares of the drawing's width, 0 to 1. What lies beyond its ends is drawn at the margin. */
export interface Scale {
  readonly first: Place;
  readonly last: Place;
  /** Of a place; null is the margin itself, `left` or `right`. Never outside 0 to 1. */
  at(place: Place | null, side: 'left' | 'right'): number;
  /** Whether the place is on the axis and not in or beyond a margin. */
  holds(place: Place): boolean;
}

export interface Tick {
  readonly share: number;
  readonly label: string;
}

/** Of the width, on each side: for bars without an end, and for labels. */
export const margin = 0.02;

/** Narrower bars can neither be seen nor pointed at; of the width. */
export const narrowest = 0.0025;

/** A first or last range that is so many times wider than all others together is cut off at the margin, or it alone would be seen. */
const outlier = 4n;

/**
 * The scale of `bars` (sorted, half-open). `position` (now) is always on the axis unless it is many times farther away than the bars are
 * wide; without any finite end the axis is one unit long. Exact for places of any size: they are compared as bigints.
 */
export function scaleOf(bars: readonly Bar[], position: Place | null): Scale {
  // The bars are in order: the outermost places are those of the outermost bars.
  const outer = bars.length > 6 ? [...bars.slice(0, 3), ...bars.slice(-3)] : bars;
  const places = outer.flatMap(({ from, to }) => [from, to]).filter((place) => place !== null);
  const sorted = [...new Set(places)].toSorted((a, b) => (a < b ? -1 : 1));
  const { first, last } = withPosition(withoutOutliers(sorted), position);
  const span = last - first;
  return {
    first,
    last,
    at: (place, side) => {
      if (place === null) return side === 'left' ? 0 : 1;
      if (place < first) return 0;
      if (place > last) return 1;
      return margin + (1 - 2 * margin) * ratio(place - first, span);
    },
    holds: (place) => place >= first && place <= last,
  };
}

/** a / b of bigints as a number from 0 to 1, to nine digits. */
function ratio(a: bigint, b: bigint): number {
  return Number((a * 1_000_000_000n) / b) / 1e9;
}

function withoutOutliers(sorted: readonly Place[]): { readonly first: Place; readonly last: Place } {
  let [first, last] = [sorted[0] ?? 0n, sorted.at(-1) ?? 0n];
  const second = sorted[1];
  const oneBeforeLast = sorted.at(-2);
  if (second !== undefined && last - second > 0n && second - first > outlier * (last - second)) first = second;
  if (oneBeforeLast !== undefined && oneBeforeLast > first && last - oneBeforeLast > outlier * (oneBeforeLast - first))
    last = oneBeforeLast;
  return last > first ? { first, last } : { first, last: first + one };
}

function withPosition(
  { first, last }: { readonly first: Place; readonly last: Place },
  position: Place | null,
): { readonly first: Place; readonly last: Place } {
  if (position === null) return { first, last };
  const far = outlier * (last - first);
  if (position < first && first - position <= far) return { first: position, last };
  if (position > last && position - last <= far) return { first, last: position };
  return { first, last };
}

/** Round places along the axis, about six of them, in their order. Empty where JavaScript has no dates. */
export function ticksOf(scale: Scale, axis: Axis): readonly Tick[] {
  const ticks = axis === 'time' ? timeTicks(scale) : numberTicks(scale);
  return ticks.map(({ place, label }) => ({ share: scale.at(place, 'left'), label }));
}

const wanted = 6;
/** ECMA-262, time values: 100 million days on both sides of 1970. */
const lastDate = 8_640_000_000_000_000_000_000n;

function timeTicks({ first, last }: Scale): readonly { readonly place: Place; readonly label: string }[] {
  if (first < -lastDate || last > lastDate) return [];
  const domain = [first, last].map((place) => new Date(Number(place / 1_000n)));
  const dates = scaleUtc().domain(domain).ticks(wanted);
  const texts = dates.map((date) => date.toISOString());
  const length = labelLength(texts);
  return dates.map((date, index) => ({
    place: BigInt(date.getTime()) * 1_000n,
    label: (texts[index] ?? '').slice(length.from, length.to).replace('T', ' '),
  }));
}

/** As much of ISO 8601 as tells these dates apart; years beyond four digits are written out. */
function labelLength(texts: readonly string[]): { readonly from: number; readonly to: number } {
  if (texts.some((text) => !/^\d{4}-/.test(text))) return { from: 0, to: 17 };
  if (texts.every((text) => text.endsWith('-01-01T00:00:00.000Z'))) return { from: 0, to: 4 };
  if (texts.every((text) => text.endsWith('-01T00:00:00.000Z'))) return { from: 0, to: 7 };
  if (texts.every((text) => text.endsWith('T00:00:00.000Z'))) return { from: 0, to: 10 };
  if (texts.every((text) => text.endsWith(':00.000Z'))) return { from: 5, to: 16 };
  return { from: 11, to: 23 };
}

/** d3's ticks are numbers, which are not exact for the keys of a long-lived sequence; 1, 2 or 5 times a power of ten are easily had. */
function numberTicks({ first, last }: Scale): readonly { readonly place: Place; readonly label: string }[] {
  const step = roundStep((last - first) / BigInt(wanted));
  const ticks: { place: Place; label: string }[] = [];
  const start = first - (((first % step) + step) % step);
  for (let place = start; place <= last; place += step) if (place >= first) ticks.push({ place, label: formatCount(place / one) });
  return ticks;
}

/** The least 1, 2 or 5 times a power of ten that is not below `least`, and at least a whole number. */
function roundStep(least: bigint): bigint {
  const floor = least > one ? least : one;
  const power = 10n ** BigInt(floor.toString().length - 1);
  return [1n, 2n, 5n, 10n].map((times) => times * power).find((step) => step >= floor) ?? 10n * power;
}
