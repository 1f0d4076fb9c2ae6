import { html } from 'hono/html';
import type { Markup } from './markup.ts';
import type { BarKind } from './timeline/bar.ts';
import { fillOf, kindTexts } from './timeline/render-timeline.ts';

const order: readonly BarKind[] = ['past', 'current', 'future', 'gap', 'default', 'detached', 'detach-pending', 'foreign', 'unreadable'];

/** What the bars of all timelines mean. */
export function renderLegend(): Markup {
  return html`<section class="legend" aria-label="Legend of the timelines"><ul>${order.map((kind) => {
    const fill = fillOf(kind);
    return html`<li><svg width="14" height="12" aria-hidden="true"><rect class="bar ${kind}" x="1" y="1" width="12" height="10"${fill === null ? null : html` fill="${fill}"`}/></svg> ${kindTexts[kind]}</li>
`;
  })}</ul><p>Width is range, height is size (square root). Bars at the edge of a timeline have no end there, or one far away.</p></section>
`;
}

/** Strokes of 6 by 6 pixels, each kind another one, so that no kind is told by its colour alone. */
const strokes: readonly (readonly [BarKind, string])[] = [
  ['gap', 'M-1,1 l2,-2 M0,6 l6,-6 M5,7 l2,-2'],
  ['default', 'M1,1 h1 M4,4 h1'],
  ['detached', 'M0,3 h6'],
  ['detach-pending', 'M-1,5 l2,2 M0,0 l6,6 M5,-1 l2,2'],
  ['foreign', 'M3,0 v6'],
  ['unreadable', 'M0,0 l6,6 M0,6 l6,-6'],
];

/** Referred to by all timelines; in the page once, and outside the part that a refresh replaces. */
export function renderPatterns(): Markup {
  return html`<svg class="patterns" width="0" height="0" aria-hidden="true" focusable="false"><defs>${strokes.map(
    ([kind, path]) =>
      html`<pattern id="pattern-${kind}" class="${kind}" width="6" height="6" patternUnits="userSpaceOnUse"><rect width="6" height="6"/><path d="${path}"/></pattern>
`,
  )}</defs></svg>`;
}
