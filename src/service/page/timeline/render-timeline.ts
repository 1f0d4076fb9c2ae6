import { scaleSqrt } from 'd3-scale';
import { html } from 'hono/html';
import type { TableStatus } from '../../../reconcile/status.ts';
import type { Markup } from '../markup.ts';
import { counted, countedRows, formatBytes, formatCount, formatMoment } from '../text/amounts.ts';
import { visibleText } from '../text/visible-text.ts';
import { type Bar, type BarKind, lanesOf } from './bar.ts';
import { joinBars } from './join-bars.ts';
import { placeOf } from './place.ts';
import { type Scale, scaleOf, type Tick, ticksOf } from './scale.ts';
import { type DrawnBar, spreadBars } from './spread-bars.ts';

/** Heights are pixels, widths shares of the drawing: it is as wide as the page. */
const top = 26;
const floor = 90;
const lowest = 5;
const flat = 8;
const tickBaseline = floor + 14;
const laneTop = floor + 22;
const laneHeight = 26;

/** The name of each kind, in titles and in the legend. */
export const kindTexts: Readonly<Record<BarKind, string>> = {
  past: 'Past',
  current: 'Current',
  future: 'Future',
  gap: 'Gap',
  default: 'Default partition',
  detached: 'Detached, still there',
  'detach-pending': 'Detach under way',
  foreign: 'Foreign table',
  unreadable: 'Bounds cannot be read',
};

/** Kinds that a pattern tells apart without colour; the definitions are in the page once. */
const patterned: ReadonlySet<BarKind> = new Set(['gap', 'default', 'detached', 'detach-pending', 'foreign', 'unreadable']);

export function fillOf(kind: BarKind): string | null {
  return patterned.has(kind) ? `url(#pattern-${kind})` : null;
}

/** Labels nearer to an end than that would reach beyond it. */
const edge = 0.06;

interface Lane {
  readonly label: string;
  readonly bars: readonly Bar[];
}

/** What the timeline has room for, and how many of the partitions and gaps are listed below it. */
interface Extent {
  readonly mostBars: number;
  readonly listed: number;
}

/**
 * The partitions of `table` along the axis of its key as SVG, in at most about `mostBars` bars; null where the table could not be read or
 * has none. `id` is unique in the page.
 */
export function renderTimeline(table: TableStatus, id: string, { mostBars, listed }: Extent): Markup | null {
  const { axis } = table;
  if (axis === null || table.partitions.length === 0) return null;
  const { ranges, defaults, detached, unreadable } = lanesOf(table, axis);
  const position = table.position === null ? null : placeOf(table.position, axis);
  const cutoff = table.retentionCutoff === null ? null : placeOf(table.retentionCutoff, axis);
  const scale = scaleOf(ranges.length > 0 ? ranges : detached, position);
  const lanes = [
    { label: 'Default partition', bars: merged(defaults) },
    { label: 'Detached', bars: joinBars(detached, scale, mostBars) },
    { label: 'Bounds cannot be read', bars: merged(unreadable) },
  ].filter(({ bars }) => bars.length > 0);
  const bars = joinBars(ranges, scale, mostBars);
  return html`<svg class="timeline" id="${id}" role="img" width="100%" height="${laneTop + lanes.length * laneHeight}" aria-label="${summaryOf(table, bars, listed)}">
${ticksOf(scale, axis).map(renderTick)}<line class="floor" x1="0" x2="100%" y1="${floor + 0.5}" y2="${floor + 0.5}"/>
${renderBars(bars, scale)}${lanes.map((lane, index) => renderLane(lane, scale, laneTop + index * laneHeight))}
${position === null ? null : renderMark('now', axis === 'time' ? 'now' : 'newest key', scale.at(position, 'left'), 10)}
${cutoff === null || !scale.holds(cutoff) ? null : renderMark('cutoff', 'keep from', scale.at(cutoff, 'left'), 21)}</svg>
`;
}

/** Those without a range of their own: one bar for all. */
function merged(bars: readonly Bar[]): readonly Bar[] {
  const everywhere = bars.map((bar) => ({ ...bar, from: null, to: null, fromText: null, toText: null }));
  return joinBars(everywhere, scaleOf([], null), 1).slice(0, 1);
}

function summaryOf({ table, partitions, gaps }: TableStatus, bars: readonly Bar[], listed: number): string {
  const [from, to] = [bars[0]?.fromText, bars.at(-1)?.toText];
  const range =
    from === undefined || from === null || to === undefined || to === null ? '' : `, from ${formatMoment(from)} to ${formatMoment(to)}`;
  const missing = gaps.length === 0 ? 'no gap' : counted(gaps.length, 'gap');
  const isAll = listed === partitions.length + gaps.length;
  const below = isAll ? 'All are in the list below.' : `The list below has ${formatCount(listed)} of them.`;
  return visibleText(`Timeline of ${table}: ${counted(partitions.length, 'partition')}${range}; ${missing}. ${below}`);
}

function renderTick({ share, label }: Tick): Markup {
  const x = percent(share);
  const anchor = share < edge ? 'start' : share > 1 - edge ? 'end' : 'middle';
  return html`<line class="tick" x1="${x}" x2="${x}" y1="${top}" y2="${floor + 4}"/><text class="tick" x="${x}" y="${tickBaseline}" text-anchor="${anchor}">${label}</text>
`;
}

function renderBars(bars: readonly Bar[], scale: Scale): readonly Markup[] {
  const largest = Math.max(1, ...bars.map(meanBytes));
  const height = scaleSqrt()
    .domain([0, largest])
    .range([lowest, floor - top]);
  return spreadBars(bars, scale).map((drawn) => {
    const { bar } = drawn;
    const tall = bar.kind === 'gap' ? floor - top : bar.bytes > 0 ? height(meanBytes(bar)) : flat;
    return renderBar(drawn, floor - tall, tall);
  });
}

/** A bar of many partitions is as high as one of them on average, or joining would look like growth. */
function meanBytes({ bytes, partitions }: Bar): number {
  return bytes / Math.max(partitions, 1);
}

function renderLane({ label, bars }: Lane, scale: Scale, y: number): Markup {
  return html`<text class="lane" x="0" y="${y + 10}">${label}</text>${spreadBars(bars, scale).map((drawn) => renderBar(drawn, y + 14, flat))}`;
}

function renderBar({ bar, left, right }: DrawnBar, y: number, height: number): Markup {
  const fill = fillOf(bar.kind);
  return html`<rect class="bar ${bar.kind}" x="${percent(left)}" y="${round(y)}" width="${percent(right - left)}" height="${round(height)}"${fill === null ? null : html` fill="${fill}"`}><title>${titleOf(bar)}</title></rect>
`;
}

/** Lines: what it is; kind; range; contents. The page's script shows them as they are. */
function titleOf(bar: Bar): string {
  const what = bar.name ?? (bar.partitions === 0 && bar.gaps === 1 ? 'Gap' : countsOf(bar));
  return [what, kindLine(bar), ...rangeOf(bar), ...contentsOf(bar)].map(visibleText).join('\n');
}

function kindLine({ kind, partitions }: Bar): string {
  if (kind !== 'gap') return kindTexts[kind];
  return partitions === 0 ? 'No partition takes these keys' : 'No partition takes some of these keys';
}

function countsOf({ partitions, gaps }: Bar): string {
  const counts = [partitions > 0 ? counted(partitions, 'partition') : '', gaps > 0 ? counted(gaps, 'gap') : ''];
  return counts.filter((text) => text !== '').join(' and ');
}

function contentsOf(bar: Bar): readonly string[] {
  const { partitions, rows, bytes } = bar;
  if (partitions === 0) return [];
  if (rows < 0 && bytes === 0) return ['Size not known'];
  const mean = partitions > 1 && bytes > 0 ? `, ${formatBytes(meanBytes(bar))} each on average` : '';
  return [`${countedRows(rows)}, ${formatBytes(bytes)}${mean}`];
}

function rangeOf({ fromText, toText }: Bar): readonly string[] {
  return fromText === null || toText === null ? [] : [`${formatMoment(fromText)} to ${formatMoment(toText)}`];
}

/** The label stands on the side that has room for it, also on a narrow screen. */
function renderMark(kind: 'now' | 'cutoff', label: string, share: number, baseline: number): Markup {
  const x = percent(share);
  const isRight = share > 0.75;
  return html`<line class="${kind}" x1="${x}" x2="${x}" y1="${baseline - 8}" y2="${floor}"/><text class="${kind}" x="${x}" dx="${isRight ? -4 : 4}" y="${baseline}" text-anchor="${isRight ? 'end' : 'start'}">${label}</text>
`;
}

function percent(share: number): string {
  return `${round(share * 100)}%`;
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
