import { html } from 'hono/html';
import type { PartitionStatus, TableStatus } from '../../reconcile/status.ts';
import type { Markup } from './markup.ts';
import { counted, formatBytes, formatCount, formatMoment, formatRows } from './text/amounts.ts';
import { encodePart } from './text/anchor.ts';
import { visibleText } from './text/visible-text.ts';

/** The partitions of a table, folded away; `most` rows, and a link to all. */
export function renderPartitions(database: string, { table, partitions }: TableStatus, id: string, most: number): Markup | null {
  if (partitions.length === 0) return null;
  const shown = choosePartitions(partitions, most);
  const hidden = partitions.length - shown.length;
  const all = `/api/v1/partitions?database=${encodePart(database)}&table=${encodePart(table)}&limit=10000`;
  return html`<details id="${id}:partitions"><summary>${counted(partitions.length, 'partition')}${hidden > 0 ? `, ${formatCount(shown.length)} of them here` : null}</summary>
<div class="scroll"><table class="partitions"><caption>Partitions of <bdi>${visibleText(table)}</bdi></caption>
<thead><tr><th scope="col">Partition</th><th scope="col">State</th><th scope="col">From</th><th scope="col">To (not in it)</th><th scope="col" class="number">Rows</th><th scope="col" class="number">Size</th></tr></thead>
<tbody>${shown.map(renderPartition)}</tbody></table></div>
<p class="more">${hidden > 0 ? `${formatCount(hidden)} more are not on this page. ` : null}All as JSON: <a href="${all}">/api/v1/partitions</a>.</p></details>
`;
}

function renderPartition(partition: PartitionStatus): Markup {
  const { from, to, isCurrent, state, estimatedRows, estimatedBytes } = partition;
  const isUnsized = state === 'detached';
  return html`<tr data-row${isCurrent ? html` class="current"` : null}><th scope="row"><bdi>${visibleText(partition.partition)}</bdi></th><td>${isCurrent ? (state === 'attached' ? 'current' : `current, ${state}`) : state}</td><td>${bound(from)}</td><td>${bound(to)}</td><td class="number">${isUnsized ? '–' : formatRows(estimatedRows)}</td><td class="number">${isUnsized ? '–' : formatBytes(estimatedBytes)}</td></tr>
`;
}

function bound(text: string | null): string {
  return text === null ? '–' : visibleText(formatMoment(text));
}

/**
 * At most `most` of `partitions` (in the order of bounds): the current one and those that are no ordinary range first, then those nearest to
 * the current one, the newest first. Without a current one the newest are the nearest.
 */
export function choosePartitions(partitions: readonly PartitionStatus[], most: number): readonly PartitionStatus[] {
  const isSpecial = ({ state, isCurrent }: PartitionStatus): boolean => isCurrent || state !== 'attached';
  const special = partitions.filter(isSpecial).toSorted((a, b) => Number(b.isCurrent) - Number(a.isCurrent));
  const current = partitions.findIndex(({ isCurrent }) => isCurrent);
  const middle = current < 0 ? partitions.length : current;
  const nearest = partitions
    .map((partition, index) => ({ partition, index }))
    .filter(({ partition }) => !isSpecial(partition))
    .toSorted((a, b) => Math.abs(a.index - middle) - Math.abs(b.index - middle))
    .slice(0, Math.max(0, most - special.length))
    .toSorted((a, b) => b.index - a.index);
  return [...special.slice(0, most), ...nearest.map(({ partition }) => partition)];
}
