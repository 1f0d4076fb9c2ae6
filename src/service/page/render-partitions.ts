import { html } from 'hono/html';
import type { PartitionStatus, TableStatus } from '../../reconcile/status.ts';
import type { Markup } from './markup.ts';
import { counted, formatBytes, formatCount, formatMoment, formatRows } from './text/amounts.ts';
import { encodePart } from './text/anchor.ts';
import { visibleText } from './text/visible-text.ts';

/** A partition, or the gap that stands in its place. */
export type Row = PartitionStatus | Gap;
type Gap = TableStatus['gaps'][number];

/** The partitions and gaps of a table, folded away: `rows` of them, and a link to all. */
export function renderPartitions(database: string, status: TableStatus, id: string, rows: readonly Row[]): Markup | null {
  const { table, partitions, gaps } = status;
  if (partitions.length === 0) return null;
  const hidden = partitions.length - rows.filter((row) => !isGap(row)).length;
  const isAll = rows.length === partitions.length + gaps.length;
  const all = `api/v1/partitions?database=${encodePart(database)}&table=${encodePart(table)}&limit=10000`;
  const counts = `${counted(partitions.length, 'partition')}${gaps.length === 0 ? '' : ` and ${counted(gaps.length, 'gap')}`}`;
  return html`<details id="${id}:partitions" data-hidden="${hidden}"><summary>${counts}${isAll ? null : `, ${formatCount(rows.length)} of them here`}</summary>
<div class="scroll"><table class="partitions"><caption>Partitions of <bdi>${visibleText(table)}</bdi></caption>
<thead><tr><th scope="col">Partition</th><th scope="col">State</th><th scope="col">From</th><th scope="col">To (not in it)</th><th scope="col" class="number">Rows</th><th scope="col" class="number">Size</th></tr></thead>
<tbody>${rows.map((row) => (isGap(row) ? renderGap(row) : renderPartition(row)))}</tbody></table></div>
<p class="more">${hidden > 0 ? `${counted(hidden, 'partition')} more ${hidden === 1 ? 'is' : 'are'} not on this page. ` : null}All as JSON: <a href="${all}">/api/v1/partitions</a>.</p></details>
`;
}

function isGap(row: Row): row is Gap {
  return !('partition' in row);
}

function renderPartition(partition: PartitionStatus): Markup {
  const { from, to, isCurrent, state, estimatedRows, estimatedBytes } = partition;
  const isUnsized = state === 'detached';
  return html`<tr data-row${isCurrent ? html` class="current"` : null}><th scope="row"><bdi>${visibleText(partition.partition)}</bdi></th><td>${isCurrent ? (state === 'attached' ? 'current' : `current, ${state}`) : state}</td><td class="short">${bound(from)}</td><td class="short">${bound(to)}</td><td class="number">${isUnsized ? '–' : formatRows(estimatedRows)}</td><td class="number">${isUnsized ? '–' : formatBytes(estimatedBytes)}</td></tr>
`;
}

function renderGap({ from, to }: Gap): Markup {
  return html`<tr data-row class="gap"><th scope="row">no partition</th><td>gap</td><td class="short">${bound(from)}</td><td class="short">${bound(to)}</td><td class="number">–</td><td class="number">–</td></tr>
`;
}

function bound(text: string | null): string {
  return text === null ? '–' : visibleText(formatMoment(text));
}

/**
 * At most `most` rows of a table (its partitions in the order of bounds): the current partition first, then those that are no ordinary range,
 * then gaps, the newest first and in half of the rows at most, then what is nearest to the current partition, the newest first. Without a
 * current one the newest are the nearest.
 */
export function chooseRows({ partitions, gaps }: Pick<TableStatus, 'partitions' | 'gaps'>, most: number): readonly Row[] {
  const isSpecial = ({ state, isCurrent }: PartitionStatus): boolean => isCurrent || state !== 'attached';
  const special = partitions.filter(isSpecial).toSorted((a, b) => Number(b.isCurrent) - Number(a.isCurrent));
  const missing = gaps.toReversed().slice(0, Math.ceil(most / 2));
  const first: readonly Row[] = [...special, ...missing].slice(0, most);
  const current = partitions.findIndex(({ isCurrent }) => isCurrent);
  const middle = current < 0 ? partitions.length : current;
  const nearest = partitions
    .map((partition, index) => ({ partition, index }))
    .filter(({ partition }) => !isSpecial(partition))
    .toSorted((a, b) => Math.abs(a.index - middle) - Math.abs(b.index - middle))
    .slice(0, most - first.length)
    .toSorted((a, b) => b.index - a.index);
  return [...first, ...nearest.map(({ partition }) => partition)];
}
