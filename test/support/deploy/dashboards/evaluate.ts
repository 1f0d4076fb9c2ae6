import { type Dashboard, type DashboardPanel, labelColumns, shownPanels, type Target, type Variable } from './dashboard.ts';
import type { Answer, QueryTime, Store } from './prometheus-store.ts';
import { substitute, type Values, valuesForAll } from './substitute.ts';

/** Panels that may show nothing, by title, and why. */
export type EmptyPanels = Readonly<Record<string, string>>;

const noData = 'no data';

/**
 * Evaluates every query of every panel, and the marks of new leaders. What comes back are faults as sentences: an error, a remark of Prometheus,
 * no data, a legend or a column whose label is missing, more than 200 series in a panel.
 */
export async function evaluateDashboard(
  dashboard: Dashboard,
  store: Store,
  time: QueryTime,
  empty: EmptyPanels,
): Promise<readonly string[]> {
  const values = valuesForAll(dashboard);
  const faults: string[] = [];
  for (const panel of shownPanels(dashboard)) {
    let seriesCount = 0;
    for (const target of panel.targets ?? []) {
      const place = `${dashboard.title}, ${panel.title}, ${target.refId}`;
      const answer = await ask(store, target, values, time);
      if (typeof answer === 'string') faults.push(`${place}: ${answer}`);
      else {
        seriesCount += answer.series.length;
        const found = judge(panel, target, answer, panel.title in empty);
        faults.push(...found.map((fault) => `${place}: ${fault}`));
      }
    }
    if (seriesCount > 200) faults.push(`${dashboard.title}, ${panel.title}: shows ${seriesCount} series`);
  }
  for (const { name, expr } of dashboard.annotations.list) {
    const answer = await ask(store, { refId: name, expr }, values, time);
    if (typeof answer === 'string') faults.push(`${dashboard.title}, ${name}: ${answer}`);
    else if (!hasData(answer) && !(name in empty)) faults.push(`${dashboard.title}, ${name}: ${noData}`);
  }
  return faults;
}

/** Titles of the panels (and marks) that show nothing, sorted. */
export async function emptyPanels(dashboard: Dashboard, store: Store, time: QueryTime): Promise<readonly string[]> {
  const found = await evaluateDashboard(dashboard, store, time, {});
  const titles = found.filter((fault) => fault.endsWith(`: ${noData}`)).map((fault) => fault.slice(dashboard.title.length + 2));
  return [...new Set(titles.map((fault) => fault.replace(/(, [A-Z])?: no data$/, '')))].toSorted();
}

async function ask(store: Store, { expr, instant }: Target, values: Values, time: QueryTime): Promise<Answer | string> {
  const text = substitute(expr, values);
  try {
    return instant === true ? await store.instant(text, time) : await store.range(text, time);
  } catch (error) {
    return String(error);
  }
}

function judge(panel: DashboardPanel, { legendFormat = '' }: Target, answer: Answer, mayBeEmpty: boolean): readonly string[] {
  const legend = [...legendFormat.matchAll(/\{\{\s*(\w+)\s*\}\}/g)].map(([, label = '']) => label);
  const wanted = panel.type === 'table' ? labelColumns(panel) : legend;
  const missing = wanted.filter((label) => answer.series.some(({ labels }) => (labels[label] ?? '') === ''));
  return [
    ...answer.remarks,
    ...(mayBeEmpty || hasData(answer) ? [] : [noData]),
    ...missing.map((label) => `there are series without the label ${label}`),
  ];
}

function hasData({ series }: Answer): boolean {
  return series.some(({ values }) => values.some((value) => !Number.isNaN(value)));
}

/** The values that each variable offers, by its name. Those that come before a variable are all chosen. */
export async function readVariables(dashboard: Dashboard, store: Store, time: QueryTime): Promise<ReadonlyMap<string, readonly string[]>> {
  const values = valuesForAll(dashboard);
  const found = new Map<string, readonly string[]>();
  for (const variable of dashboard.templating.list.filter(({ type }) => type === 'query')) {
    const [label, selector] = labelValues(variable);
    found.set(variable.name, await store.labelValues(label, substitute(selector, values), time));
  }
  return found;
}

/** `label_values(selector, label)`. */
function labelValues({ name, query }: Variable): readonly [label: string, selector: string] {
  const text = typeof query === 'string' ? query : query.query;
  const [, selector, label] = /^label_values\((.+), (\w+)\)$/.exec(text) ?? [];
  if (selector === undefined || label === undefined) throw new Error(`the variable ${name} asks for no values of a label: ${text}`);
  return [label, selector];
}
