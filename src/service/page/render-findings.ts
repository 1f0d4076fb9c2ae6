import { html } from 'hono/html';
import type { ProbeStatus, TableStatus, WorkStatus } from '../../reconcile/status.ts';
import type { Markup } from './markup.ts';
import { formatCount, formatMilliseconds, formatMoment } from './text/amounts.ts';
import { visibleText } from './text/visible-text.ts';

/** Enough to see what is wrong; one mistake may be found in each of thousands of partitions. */
const mostFindings = 50;

export function renderFindings({ findings }: TableStatus): Markup | null {
  if (findings.length === 0) return null;
  const sorted = findings.toSorted((a, b) => Number(b.severity === 'error') - Number(a.severity === 'error'));
  const hidden = findings.length - mostFindings;
  return html`<div class="scroll"><table class="findings"><caption>Findings</caption>
<thead><tr><th scope="col">Severity</th><th scope="col">Kind</th><th scope="col">What was found</th></tr></thead>
<tbody>${sorted.slice(0, mostFindings).map(
    ({ severity, kind, message }) =>
      html`<tr data-row><td><span class="chip ${severity === 'error' ? 'error' : 'warning'}">${severity}</span></td><td><code>${kind}</code></td><td><bdi>${visibleText(message)}</bdi></td></tr>
`,
  )}</tbody></table></div>
${hidden <= 0 ? null : html`<p class="more">And ${formatCount(hidden)} more: <a href="api/v1/status">/api/v1/status</a> has all.</p>`}`;
}

export function renderProbes({ probes }: TableStatus): Markup | null {
  if (probes.length === 0) return null;
  return html`<div class="scroll"><table class="probes"><caption>Pruning probes</caption>
<thead><tr><th scope="col">Probe</th><th scope="col">Outcome</th><th scope="col" class="number">Scanned</th><th scope="col" class="number">Allowed</th><th scope="col" class="number">Planning</th><th scope="col" class="number">Execution</th><th scope="col">Last run</th><th scope="col">Problems</th></tr></thead>
<tbody>${probes.map(renderProbe)}</tbody></table></div>
`;
}

const outcomes: Readonly<Record<ProbeStatus['outcome'], string>> = { met: 'ok', missed: 'warning', failed: 'error' };

function renderProbe(probe: ProbeStatus): Markup {
  const { outcome, scanned, total, allowed, lastMissAt, ranAt } = probe;
  const lastMiss = outcome !== 'met' || lastMissAt === null ? null : `last missed ${formatMoment(lastMissAt)}`;
  return html`<tr data-row><th scope="row"><bdi>${visibleText(probe.probe)}</bdi></th><td><span class="chip ${outcomes[outcome]}">${outcome}</span></td>
<td class="number">${scanned === null ? '–' : `${formatCount(scanned)} of ${total === null ? '?' : formatCount(total)}`}</td><td class="number">${allowed === null ? 'any' : formatCount(allowed)}</td>
<td class="number">${formatMilliseconds(probe.planningMs)}</td><td class="number">${formatMilliseconds(probe.executionMs)}</td><td class="short">${formatMoment(ranAt)}</td>
<td>${[...probe.problems, ...(lastMiss === null ? [] : [lastMiss])].map((problem) => html`<div><bdi>${visibleText(problem)}</bdi></div>`)}</td></tr>
`;
}

export function renderWork({ inProgress }: TableStatus): Markup | null {
  if (inProgress.length === 0) return null;
  return html`<div class="scroll"><table class="work"><caption>At work now</caption>
<thead><tr><th scope="col">Relation</th><th scope="col">Command</th><th scope="col">Phase</th><th scope="col">Done</th></tr></thead>
<tbody>${inProgress.map(renderOneWork)}</tbody></table></div>
`;
}

/** What PostgreSQL counts may pass what it had estimated, and it does not say how far every phase is. */
function renderOneWork({ partition, command, phase, done, total }: WorkStatus): Markup {
  const share = total > 0 ? Math.min(100, Math.floor((100 * done) / total)) : null;
  const name = visibleText(`${command} of ${partition}`);
  const bar =
    share === null
      ? html`<progress aria-label="${name}"></progress>`
      : html`<progress aria-label="${name}" max="100" value="${share}"></progress>`;
  return html`<tr data-row><td><bdi>${visibleText(partition)}</bdi></td><td>${command}</td><td>${visibleText(phase)}</td><td>${bar} ${share === null ? 'not told' : `${share}%`}</td></tr>
`;
}
