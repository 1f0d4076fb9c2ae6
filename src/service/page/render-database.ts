import { html } from 'hono/html';
import type { RunStatus } from '../../reconcile/status.ts';
import type { ServedStatus } from '../http/status-reader.ts';
import type { Markup } from './markup.ts';
import { hasProblem } from './problems.ts';
import { type Budget, renderTable } from './render-table.ts';
import { formatDuration, formatMoment } from './text/amounts.ts';
import { anchorOf } from './text/anchor.ts';
import { visibleText } from './text/visible-text.ts';

export function renderDatabase(status: ServedStatus, budget: Budget): Markup {
  const { database, tables, now, paused, error } = status;
  const id = anchorOf(database);
  return html`<section class="database" id="${id}" aria-labelledby="${id}:h" data-problems="${hasProblem(status) ? 1 : 0}">
<header><h2 id="${id}:h"><a href="#${id}"><bdi>${visibleText(database)}</bdi></a> ${leadershipChip(status)}${paused === null ? null : html` <span class="chip warning">paused</span>`}</h2>
<p class="facts">${leaderText(status)}${now === null ? null : html`Read <time datetime="${now}">${formatMoment(now)}</time> UTC.`}</p>
${error === null ? null : html`<p class="error"><strong>Not read:</strong> <bdi>${visibleText(error)}</bdi></p>`}
${paused === null ? null : html`<p class="paused"><strong>Paused</strong> by <bdi>${visibleText(paused.by)}</bdi> since ${formatMoment(paused.at)} UTC: <bdi>${visibleText(paused.reason)}</bdi></p>`}
${renderTasks(status)}</header>
${tables.map((table) => renderTable(database, table, budget))}</section>
`;
}

function leadershipChip({ leadership }: ServedStatus): Markup {
  if (leadership.refused !== null) return html`<span class="chip error">must not lead: ${leadership.refused}</span>`;
  return leadership.isLeading ? html`<span class="chip ok">leading</span>` : html`<span class="chip">following</span>`;
}

function leaderText({ leader, leadership }: ServedStatus): Markup | null {
  if (leader === null) return leadership.isLeading ? html`Epoch ${leadership.epoch}. ` : null;
  return html`Last to take the lead: <bdi>${visibleText(leader.holder)}</bdi>, epoch ${leader.epoch}, since ${formatMoment(leader.since)} UTC. `;
}

/** Last and next runs of each task, the next ones first. */
function renderTasks(status: ServedStatus): Markup | null {
  const { runs, nextRuns, now } = status;
  const tasks = [...new Set([...nextRuns.map(({ task }) => task), ...runs.map(({ task }) => task)])];
  if (tasks.length === 0) return null;
  return html`<div class="scroll"><table class="tasks"><caption>Tasks</caption>
<thead><tr><th scope="col">Task</th><th scope="col">Last run</th><th scope="col">Outcome</th><th scope="col" class="number">Took</th><th scope="col">Next run</th></tr></thead>
<tbody>${tasks.map((task) => {
    const run = runs.find((one) => one.task === task);
    const next = nextRuns.find((one) => one.task === task)?.at ?? null;
    return html`<tr><th scope="row">${task}</th><td>${run === undefined ? lastSeen(task, status) : html`${formatMoment(run.startedAt)} <small>${distance(run.startedAt, now)}</small>`}</td><td>${run === undefined ? '–' : outcomeChip(run)}</td><td class="number">${run === undefined ? '–' : took(run)}</td><td>${next === null ? '–' : html`${formatMoment(next)} <small>${distance(next, now)}</small>`}</td></tr>
`;
  })}</tbody></table></div>
`;
}

/** Of a task without a run in the journal, which records those that change something. */
function lastSeen(task: string, { tables, now }: ServedStatus): Markup | string {
  if (task === 'collect') return 'not recorded';
  if (task !== 'probe') return 'never';
  const last = tables
    .flatMap(({ probes }) => probes.map(({ ranAt }) => ranAt))
    .toSorted()
    .at(-1);
  return last === undefined ? 'never' : html`${formatMoment(last)} <small>${distance(last, now)}</small>`;
}

function outcomeChip({ outcome }: RunStatus): Markup {
  if (outcome === null) return html`<span class="chip">at work</span>`;
  return html`<span class="chip ${outcome === 'ok' ? 'ok' : 'error'}">${outcome}</span>`;
}

function took({ startedAt, finishedAt }: RunStatus): string {
  if (finishedAt === null) return '–';
  const seconds = (Date.parse(finishedAt) - Date.parse(startedAt)) / 1_000;
  return seconds < 10 ? `${seconds.toFixed(1)} s` : formatDuration(seconds);
}

/** `5 min ago`, `in 3 h 10 min`; nothing where the database's clock is not known. */
function distance(at: string, now: string | null): string | null {
  if (now === null) return null;
  const seconds = (Date.parse(at) - Date.parse(now)) / 1_000;
  return seconds < 0 ? `${formatDuration(seconds)} ago` : `in ${formatDuration(seconds)}`;
}
