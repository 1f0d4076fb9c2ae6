import { readPromql, type Selector } from '../promql.ts';
import { type Dashboard, type DashboardPanel, type DataSource, shownPanels, type Target, unitOf } from './dashboard.ts';
import { quantityOf, unitsOfQuantity } from './quantity.ts';
import { sampleValues, substitute } from './substitute.ts';

/** Metrics whose selectors lack a matcher, and why that is right. */
const withoutMatcher: readonly { readonly metric: RegExp; readonly matcher: string; readonly reason: string }[] = [
  { metric: /:/, matcher: 'instance', reason: 'A recording rule sums up over instances: it has no such label.' },
  { metric: /^ALERTS$/, matcher: 'instance', reason: 'An alert on a database or a table has no instance.' },
  { metric: /^ALERTS$/, matcher: 'job', reason: 'PartitiondDown must be counted also when another job is chosen, and when nobody is up.' },
];

/** Units that do not follow from the suffix, and why. */
const otherUnits: readonly { readonly metric: string; readonly unit: string; readonly reason: string }[] = [
  { metric: 'partitiond_table_size_skew_ratio', unit: 'none', reason: 'The largest over the median is 1 and more: 3.2, not 320 %.' },
  { metric: 'partitiond_config_hash', unit: 'hex', reason: 'A hash is compared, not counted, and logs print it in this base.' },
];

const variableOrder = ['datasource', 'cluster', 'job', 'instance', 'database'];

/** What breaks a rule of observability.md, section 3 a), as sentences that begin with the place; empty when nothing does. */
export function lintDashboard(dashboard: Dashboard): readonly string[] {
  const panels = shownPanels(dashboard);
  return [
    ...lintFrame(dashboard),
    ...lintVariables(dashboard),
    ...lintLayout(dashboard.panels),
    ...panels.flatMap((panel) => lintPanel(panel).map((fault) => `${dashboard.title}, ${panel.title}: ${fault}`)),
    ...dashboard.annotations.list.flatMap(({ name, expr, datasource }) =>
      [...lintExpression(expr), ...lintDataSource(datasource)].map((fault) => `${dashboard.title}, ${name}: ${fault}`),
    ),
  ];
}

function lintFrame(dashboard: Dashboard): readonly string[] {
  const { title, description = '', uid, tags, timezone, refresh, editable, links } = dashboard;
  const rules: readonly (readonly [string, boolean])[] = [
    ['has no uid that is an md5', /^[0-9a-f]{32}$/.test(uid)],
    ['has no description that is a sentence', isSentence(description)],
    ['lacks the tag partitiond', tags.includes('partitiond')],
    ['is not in UTC', timezone === 'utc'],
    ['does not refresh every minute', refresh === '1m'],
    ['can be edited', !editable],
    ['has links that forget variables or time', links.length > 0 && links.every((link) => link.includeVars && link.keepTime)],
    ['has no marks of new leaders', dashboard.annotations.list.some(({ expr }) => expr.includes('changes(partitiond_leader_epoch{'))],
  ];
  return faults(title, rules);
}

function lintVariables({ title, templating: { list } }: Dashboard): readonly string[] {
  const sources = list.filter(({ type }) => type === 'datasource');
  return [
    ...faults(title, [
      ['has not one data source to choose', sources.length === 1 && sources[0]?.label === 'Data source'],
      ['lacks variables, or has them in another order', variableOrder.every((name, index) => list[index]?.name === name)],
    ]),
    ...list.flatMap(({ name, type, refresh, label }) =>
      faults(`${title}, variable ${name}`, [
        ['is not asked again when the time changes', type !== 'query' || refresh === 2],
        ['has no label', label !== undefined && label !== ''],
      ]),
    ),
    ...list
      .filter(({ name }) => ['job', 'instance', 'database'].includes(name))
      .flatMap(({ name, multi, includeAll, allValue }) =>
        faults(`${title}, variable ${name}`, [
          ['does not offer several and all (.+)', multi === true && includeAll === true && allValue === '.+'],
        ]),
      ),
  ];
}

function lintLayout(panels: readonly DashboardPanel[]): readonly string[] {
  const overlaps = (a: DashboardPanel['gridPos'], b: DashboardPanel['gridPos']): boolean =>
    a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
  return panels.flatMap((panel, index) => {
    const { x, w, h } = panel.gridPos;
    return [
      ...faults(panel.title, [
        ['is wider than the 24 columns', x >= 0 && w > 0 && h > 0 && x + w <= 24],
        ['has the number of another panel', panels.findIndex(({ id }) => id === panel.id) === index],
      ]),
      ...panels
        .slice(0, index)
        .filter((other) => overlaps(other.gridPos, panel.gridPos))
        .map((other) => `${panel.title}: overlaps with ${other.title}`),
    ];
  });
}

function lintPanel(panel: DashboardPanel): readonly string[] {
  const { title, description = '', targets = [], datasource } = panel;
  return [
    ...(title.trim() === '' ? ['has no title'] : []),
    ...(isSentence(description) ? [] : ['has no description that is a sentence']),
    ...(targets.length === 0 ? ['is empty'] : []),
    ...lintDataSource(datasource),
    ...targets.flatMap((target) => [
      ...lintDataSource(target.datasource),
      ...lintExpression(target.expr),
      ...lintUnit(panel, target),
      ...lintLegend(panel, target),
    ]),
  ];
}

function lintDataSource(source: DataSource | undefined): readonly string[] {
  return source?.type === 'prometheus' && source.uid === `$\{datasource}` ? [] : ['does not ask the data source that is chosen'];
}

/** Where a panel shows several series, a name for each. Tables name rows by their columns. */
function lintLegend({ type }: DashboardPanel, { legendFormat = '' }: Target): readonly string[] {
  return type === 'table' || legendFormat.trim() !== '' ? [] : ['has a query without a legend'];
}

function lintExpression(expr: string): readonly string[] {
  let selectors: readonly Selector[];
  try {
    ({ selectors } = readPromql(substitute(expr, sampleValues)));
  } catch (error) {
    return [String(error)];
  }
  return selectors.flatMap((selector) => [
    ...lintMatchers(selector).map((fault) => `${selector.metric} ${fault}`),
    ...lintRange(selector, expr).map((fault) => `${selector.metric} ${fault}`),
  ]);
}

function lintMatchers({ metric, matchers }: Selector): readonly string[] {
  return ['cluster', 'job', 'instance'].flatMap((name) => {
    const isExcused = withoutMatcher.some((one) => one.metric.test(metric) && one.matcher === name);
    const isThere = matchers.some(({ label, operator, value }) => label === name && operator === '=~' && value === sampleValues[name]);
    return isThere || isExcused ? [] : [`is not limited to the chosen ${name}`];
  });
}

/** Counters only as what they grew by; per second over what fits the graph, as a number of now over all that is shown. */
function lintRange({ metric, inside, range }: Selector, expr: string): readonly string[] {
  const around = inside[0] ?? '';
  const isCounter = /_(total|bucket|sum|count)$/.test(metric);
  const isGrowth = ['rate', 'irate', 'increase'].includes(around);
  if (isCounter && !isGrowth) return ['is a counter outside of rate and increase'];
  if (!isCounter && isGrowth) return [`is no counter, yet inside of ${around}`];
  if (range === null) return [];
  if (range === sampleValues['__rate_interval']) return [];
  if (range === sampleValues['__range'] && around !== 'rate' && around !== 'irate') return [];
  return [`has the range ${range} in ${expr}, not $__rate_interval`];
}

function lintUnit(panel: DashboardPanel, target: Target): readonly string[] {
  const unit = unitOf(panel, target);
  try {
    const expr = substitute(target.expr, sampleValues);
    if (otherUnits.some((one) => one.unit === unit && readPromql(expr).selectors.every(({ metric }) => metric === one.metric))) return [];
    const quantity = quantityOf(expr);
    return unitsOfQuantity[quantity].includes(unit) ? [] : [`shows ${quantity} in the unit "${unit}": ${target.expr}`];
  } catch (error) {
    return [String(error)];
  }
}

function isSentence(text: string): boolean {
  return /^[A-Z0-9][^\n]{15,}[.?]$/.test(text);
}

function faults(place: string, rules: readonly (readonly [fault: string, isKept: boolean])[]): readonly string[] {
  return rules.flatMap(([fault, isKept]) => (isKept ? [] : [`${place}: ${fault}`]));
}
