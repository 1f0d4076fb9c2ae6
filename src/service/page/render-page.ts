import { html } from 'hono/html';
import type { ServedStatus } from '../http/status-reader.ts';
import { renderForPrograms } from './for-programs.ts';
import type { Markup } from './markup.ts';
import type { PageReading } from './patient-reader.ts';
import { hasProblem, problemsOf } from './problems.ts';
import { renderDatabase } from './render-database.ts';
import { renderLegend, renderPatterns } from './render-legend.ts';
import { renderOverview } from './render-overview.ts';
import type { Budget } from './render-table.ts';
import { counted, formatDuration, formatMoment } from './text/amounts.ts';

/** Of all tables together: with more of them each gets less, so that the page stays a matter of kilobytes. */
const allBars = 4_000;
const allRows = 1_500;

/**
 * The status page. Everything that comes from a database or the configuration passes through the template, which escapes HTML, and through
 * `visibleText`. No style or script stands in it, so that a content security policy can forbid them.
 */
export function renderPage({ statuses, ageMs }: PageReading, version: string): Markup {
  const tables = statuses.flatMap((status) => status.tables);
  const budget = budgetOf(tables.length);
  const problems = tables.reduce((sum, table) => sum + problemsOf(table).total, 0) + statuses.filter(hasProblem).length;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${problems === 0 ? 'partitiond' : `(${problems}) partitiond`}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="page.css">
<script src="page.js"></script>
</head>
<body>
<a class="skip" href="#content">Skip to the tables</a>
<header class="top">
<h1>partitiond <small>${version}</small></h1>
<form id="tools" role="search" hidden>
<label for="filter">Filter <kbd>/</kbd></label> <input id="filter" type="search" autocomplete="off" spellcheck="false" placeholder="table, partition, finding">
<label><input id="problems-only" type="checkbox"> problems only</label>
<label><input id="auto-refresh" type="checkbox" checked> refresh every 30 s</label>
<button id="theme" type="button">Dark theme</button>
</form>
<p id="message" role="status"></p>
<p id="failure" role="alert"></p>
</header>
<main id="content" tabindex="-1">
<p class="facts">${counted(statuses.length, 'database')}, ${counted(tables.length, 'table')}, ${counted(problems, 'problem')}. ${readAt(statuses)}${ageMs === null ? null : html`<strong id="renewing">${formatDuration(ageMs / 1_000)} old; a newer reading is under way.</strong> `}Times are UTC. <a href="./">Read again</a></p>
${renderOverview(statuses)}${renderLegend()}${statuses.map((status) => renderDatabase(status, budget))}</main>
<footer>${renderForPrograms()}</footer>
${renderPatterns()}
</body>
</html>
`;
}

function budgetOf(tables: number): Budget {
  const share = (all: number, least: number, most: number): number =>
    Math.max(least, Math.min(most, Math.floor(all / Math.max(tables, 1))));
  return { bars: share(allBars, 40, 300), rows: share(allRows, 10, 200) };
}

/** The oldest reading, by the clocks of the databases. */
function readAt(statuses: readonly ServedStatus[]): Markup | null {
  const [oldest] = statuses.flatMap(({ now }) => (now === null ? [] : [now])).toSorted();
  return oldest === undefined ? null : html`Read <time datetime="${oldest}">${formatMoment(oldest)}</time>. `;
}
