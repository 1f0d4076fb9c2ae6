import { html } from 'hono/html';
import type { TableStatus } from '../../reconcile/status.ts';
import type { Markup } from './markup.ts';
import { problemsOf } from './problems.ts';
import { renderFindings, renderProbes, renderWork } from './render-findings.ts';
import { chooseRows, renderPartitions } from './render-partitions.ts';
import { reachOf } from './runway.ts';
import { counted, countedRows, formatBytes, formatCount, formatMoment, formatWidth } from './text/amounts.ts';
import { anchorOf } from './text/anchor.ts';
import { visibleText } from './text/visible-text.ts';
import { renderTimeline } from './timeline/render-timeline.ts';

/** How much of one table is drawn, so that a page of many tables stays small. */
export interface Budget {
  readonly bars: number;
  readonly rows: number;
}

export function renderTable(database: string, table: TableStatus, budget: Budget): Markup {
  const id = anchorOf(database, table.table);
  const problems = problemsOf(table);
  const rows = chooseRows(table, budget.rows);
  return html`<section class="table" id="${id}" aria-labelledby="${id}:h" data-problems="${problems.total}">
<h3 id="${id}:h"><a href="#${id}"><bdi>${visibleText(table.table)}</bdi></a> ${chips(problems)}</h3>
${table.error === null ? null : html`<p class="error"><strong>Not read:</strong> <bdi>${visibleText(table.error)}</bdi></p>`}
${renderFigures(table)}${renderTimeline(table, `${id}:timeline`, { mostBars: budget.bars, listed: rows.length })}
${renderWork(table)}${renderFindings(table)}${renderProbes(table)}${renderPartitions(database, table, id, rows)}</section>
`;
}

function chips({ errors, warnings, probes }: ReturnType<typeof problemsOf>): readonly Markup[] {
  const all: readonly (readonly [number, string, string])[] = [
    [errors, 'error', counted(errors, 'error')],
    [warnings, 'warning', counted(warnings, 'warning')],
    [probes, 'warning', `${counted(probes, 'probe')} not met`],
  ];
  return all.filter(([count]) => count > 0).map(([, kind, text]) => html`<span class="chip ${kind}">${text}</span> `);
}

type Figure = readonly [label: string, value: string, beside: string | null];

function renderFigures(table: TableStatus): Markup | null {
  const { partitionCount, futureCount, estimatedRows, estimatedBytes, interval, premake, retentionCutoff, steps } = table;
  if (table.axis === null && table.error !== null) return null;
  const { runway, remark } = reachOf(table);
  const figures: readonly Figure[] = [
    ['Partitions', formatCount(partitionCount), `${formatCount(futureCount)} ahead`],
    ['Size', formatBytes(estimatedBytes), countedRows(estimatedRows)],
    ['Interval', formatWidth(interval), `premake ${premake}`],
    ['Runway', runway, remark],
    [
      'Kept from',
      retentionCutoff === null ? 'everything' : formatMoment(retentionCutoff),
      retentionCutoff === null ? 'no retention' : null,
    ],
    ['Steps due', formatCount(steps), null],
  ];
  return html`<dl class="figures">${figures.map(
    ([label, value, beside]) =>
      html`<div><dt>${label}</dt><dd>${visibleText(value)}${beside === null ? null : html` <small>${visibleText(beside)}</small>`}</dd></div>
`,
  )}</dl>
`;
}
