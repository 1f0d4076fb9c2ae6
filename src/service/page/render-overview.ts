import { html } from 'hono/html';
import type { TableStatus } from '../../reconcile/status.ts';
import type { ServedStatus } from '../http/status-reader.ts';
import type { Markup } from './markup.ts';
import { problemsOf } from './problems.ts';
import { reachOf } from './runway.ts';
import { formatBytes, formatCount, formatWidth } from './text/amounts.ts';
import { anchorOf } from './text/anchor.ts';
import { visibleText } from './text/visible-text.ts';

/** One line for each table of all databases, with a link to its section. */
export function renderOverview(statuses: readonly ServedStatus[]): Markup {
  const several = statuses.length > 1;
  return html`<nav class="overview" aria-label="Tables"><div class="scroll"><table><caption>All tables</caption>
<thead><tr>${several ? html`<th scope="col">Database</th>` : null}<th scope="col">Table</th><th scope="col" class="number">Partitions</th><th scope="col" class="number">Size</th><th scope="col">Interval</th><th scope="col">Covered until</th><th scope="col">Runway</th><th scope="col" class="number">Steps due</th><th scope="col">State</th></tr></thead>
<tbody>${statuses.map(({ database, tables, error }) =>
    tables.length > 0 ? tables.map((table) => renderLine(database, table, several)) : renderEmpty(database, error, several),
  )}</tbody></table></div></nav>
`;
}

function renderLine(database: string, table: TableStatus, several: boolean): Markup {
  const { partitionCount, estimatedBytes, interval, steps } = table;
  const { runway, until } = reachOf(table);
  const { total } = problemsOf(table);
  return html`<tr data-row data-problems="${total}">${several ? databaseCell(database) : null}<th scope="row"><a href="#${anchorOf(database, table.table)}"><bdi>${visibleText(table.table)}</bdi></a></th><td class="number">${formatCount(partitionCount)}</td><td class="number">${formatBytes(estimatedBytes)}</td><td>${formatWidth(interval)}</td><td class="short">${until}</td><td>${runway}</td><td class="number">${formatCount(steps)}</td><td>${stateChip(table)}</td></tr>
`;
}

function stateChip(table: TableStatus): Markup {
  const { errors, total } = problemsOf(table);
  if (table.error !== null) return html`<span class="chip error">not read</span>`;
  if (total === 0) return html`<span class="chip ok">ok</span>`;
  return html`<span class="chip ${errors > 0 ? 'error' : 'warning'}">${total === 1 ? '1 problem' : `${total} problems`}</span>`;
}

function renderEmpty(database: string, error: string | null, several: boolean): Markup {
  return html`<tr data-row data-problems="${error === null ? 0 : 1}">${several ? databaseCell(database) : null}<td colspan="7">${error === null ? 'No table is configured.' : 'Not read; its section says why.'}</td><td>${error === null ? null : html`<span class="chip error">not read</span>`}</td></tr>
`;
}

function databaseCell(database: string): Markup {
  return html`<td><a href="#${anchorOf(database)}"><bdi>${visibleText(database)}</bdi></a></td>`;
}
