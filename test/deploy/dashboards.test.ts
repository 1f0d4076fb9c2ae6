import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it, type TestContext } from 'vitest';
import { dashboardDocuments } from '../../deploy/grafana/build.ts';
import { anyPorts, startDaemon } from '../support/daemon.ts';
import { createDatabase } from '../support/database.ts';
import { type DashboardPanel, dashboardFiles, readDashboard, shownPanels } from '../support/deploy/dashboards/dashboard.ts';
import { type Day, span } from '../support/deploy/dashboards/day.ts';
import { type DayBlocks, makeDayBlocks } from '../support/deploy/dashboards/day-blocks.ts';
import { emptyAtFirst, emptyOnGoodDays } from '../support/deploy/dashboards/empty-panels.ts';
import { emptyPanels, evaluateDashboard, readVariables } from '../support/deploy/dashboards/evaluate.ts';
import { readHealth } from '../support/deploy/dashboards/health.ts';
import { findUnknown, knownMetrics, listedMetrics } from '../support/deploy/dashboards/known-metrics.ts';
import { lintDashboard } from '../support/deploy/dashboards/lint.ts';
import { openStore, type Store } from '../support/deploy/dashboards/prometheus-store.ts';
import { quantityOf } from '../support/deploy/dashboards/quantity.ts';
import { createScrapedTables, scrapeDaemon, scrapedTables } from '../support/deploy/dashboards/real-daemon.ts';
import { sampleValues, substitute } from '../support/deploy/dashboards/substitute.ts';
import { deployTool, runTool } from '../support/deploy/deploy-tool.ts';
import { readPromql } from '../support/deploy/promql.ts';
import { readRules } from '../support/deploy/rules/rules-file.ts';
import { policyFile } from '../support/policy-file.ts';

const chosen = '{cluster=~"$cluster",job=~"$job",instance=~"$instance"}';

function withQuery(expr: string): (panel: DashboardPanel) => DashboardPanel {
  return (panel) => ({ ...panel, targets: (panel.targets ?? []).map((target) => ({ ...target, expr })) });
}

function withUnit(unit: string): (panel: DashboardPanel) => DashboardPanel {
  return (panel) => ({ ...panel, fieldConfig: { defaults: { unit }, overrides: [] } });
}

/** Every expression of a dashboard, with values for its variables. */
function expressions(file: (typeof dashboardFiles)[number]): readonly string[] {
  const dashboard = readDashboard(file);
  const targets = shownPanels(dashboard).flatMap(({ targets: all = [] }) => all);
  return [...targets, ...dashboard.annotations.list].map(({ expr }) => substitute(expr, sampleValues));
}

describe.each(dashboardFiles)('%s', (file) => {
  it('keeps the rules of the lint', () => {
    expect(lintDashboard(readDashboard(file))).toEqual([]);
  });

  it('asks for metrics and labels that are exported, in PromQL that parses', () => {
    const known = knownMetrics();
    expect(expressions(file).flatMap((expr) => findUnknown(expr, known))).toEqual([]);
  });

  it('has the md5 of its name as uid, which the alerts link to', () => {
    expect(readDashboard(file).uid).toBe(createHash('md5').update(file).digest('hex'));
  });

  it('passes dashboard-linter, strictly', async (context) => {
    const linter = deployTool(context, 'dashboard-linter');
    const run = await runTool(linter, ['lint', '--strict', '--config', 'deploy/grafana/.lint', `deploy/grafana/${file}`]);
    expect({ code: run.code, output: run.stdout + run.stderr }).toMatchObject({ code: 0 });
  });
});

it('ships what the program builds, and no other dashboard', () => {
  const shipped = readdirSync('deploy/grafana').filter((name) => name.endsWith('.json'));
  expect(shipped.toSorted()).toEqual(dashboardFiles.toSorted());
  for (const { path, render } of dashboardDocuments) expect(readFileSync(path, 'utf8') === render(), path).toBe(true);
});

it('shows every metric in a panel, or a rule uses it', () => {
  const used = [...dashboardFiles.flatMap(expressions), ...readRules().map(({ expr }) => expr)].flatMap((expr) =>
    readPromql(expr).selectors.map(({ metric }) => metric.replace(/_(bucket|sum|count)$/, '')),
  );
  expect(listedMetrics().flatMap(({ name }) => (used.includes(name) ? [] : [name]))).toEqual([]);
});

it('excuses no panel that is not there', () => {
  const dashboards = dashboardFiles.map(readDashboard);
  const titles = dashboards.flatMap(({ panels, annotations }) => [...panels, ...annotations.list.map(({ name }) => ({ title: name }))]);
  expect(Object.keys(emptyAtFirst).filter((title) => !titles.some((panel) => panel.title === title))).toEqual([]);
});

describe('on a good day and a bad day, in a real Prometheus', () => {
  let made: Promise<DayBlocks> | null = null;
  afterAll(async () => (await made)?.[Symbol.asyncDispose]());
  /** Opened by either version, made once by the oldest: what it writes, all can read. */
  const open = async (context: TestContext, name: 'prometheus' | 'prometheus3'): Promise<Store> => {
    const binary = deployTool(context, name);
    made ??= makeDayBlocks(deployTool(context, 'promtool'), deployTool(context, 'prometheus'));
    return openStore({ binary, folder: (await made).folder });
  };

  it.for(['prometheus', 'prometheus3'] as const)(
    'answers every query with data and labels, without a remark: %s',
    async (name, context) => {
      await using store = await open(context, name);
      for (const dashboard of dashboardFiles.map(readDashboard)) {
        expect(await evaluateDashboard(dashboard, store, span('good'), emptyOnGoodDays)).toEqual([]);
        expect(await evaluateDashboard(dashboard, store, span('bad'), {})).toEqual([]);
      }
    },
  );

  it('excuses only panels that are empty on the good day', async (context) => {
    await using store = await open(context, 'prometheus');
    const empty = await Promise.all(dashboardFiles.map((file) => emptyPanels(readDashboard(file), store, span('good'))));
    expect(empty.flat().toSorted()).toEqual(Object.keys(emptyOnGoodDays).toSorted());
  });

  it('offers values for every variable', async (context) => {
    await using store = await open(context, 'prometheus');
    for (const dashboard of dashboardFiles.map(readDashboard)) {
      for (const [name, values] of await readVariables(dashboard, store, span('good'))) expect(values, name).not.toEqual([]);
    }
  });

  it('is green all over Health when the day is good, and nowhere when it is bad', async (context) => {
    await using store = await open(context, 'prometheus');
    const health = async (day: Day): Promise<readonly string[]> => (await readHealth(store, span(day))).map(({ color }) => color);
    expect(new Set(await health('good'))).toEqual(new Set(['green']));
    expect(await health('bad')).not.toContain('green');
  });
});

describe('with what the built daemon exports of a real PostgreSQL', () => {
  it.for(['prometheus', 'prometheus3'] as const)('answers all but what a few seconds do not bring: %s', async (tool, context) => {
    const prometheus = deployTool(context, tool);
    await using database = await createDatabase();
    await createScrapedTables(database);
    using file = policyFile(database, scrapedTables, anyPorts);
    await using daemon = await startDaemon(file.path);
    await using store = await scrapeDaemon(prometheus, join(file.folder, 'prometheus'), daemon);
    const to = Math.floor(Date.now() / 1000);
    const time = { from: to - 6 * 3600, to };
    for (const dashboard of dashboardFiles.map(readDashboard)) {
      expect(await evaluateDashboard(dashboard, store, time, emptyAtFirst)).toEqual([]);
      const offered = [...(await readVariables(dashboard, store, time))];
      // Nobody set a label cluster here, as in most installations: that variable is hidden, and its "all" matches the absence.
      expect(offered.filter(([, values]) => values.length === 0).map(([name]) => name)).toEqual(['cluster']);
    }
  });
});

describe('the lint', () => {
  it('finds nothing in a dashboard without faults', () => {
    expect(lintDashboard(readDashboard('overview.json'))).toEqual([]);
  });

  it.for([
    ['a panel over another', (panel) => ({ ...panel, gridPos: { ...panel.gridPos, x: panel.gridPos.x + 1 } }), 'overlaps with'],
    ['a panel beyond the right edge', (panel) => ({ ...panel, gridPos: { ...panel.gridPos, w: 25 } }), 'is wider than the 24 columns'],
    ['two panels with one number', (panel) => ({ ...panel, id: 1 }), 'has the number of another panel'],
    ['a panel without a description', (panel) => ({ ...panel, description: '' }), 'has no description that is a sentence'],
    ['a panel without queries', (panel) => ({ ...panel, targets: [] }), 'is empty'],
    [
      'a panel on a fixed data source',
      (panel) => ({ ...panel, datasource: { type: 'prometheus', uid: 'P1' } }),
      'does not ask the data source',
    ],
    ['a wrong unit', withUnit('bytes'), 'in the unit "bytes"'],
    ['no PromQL', withQuery('sum(('), 'does not parse as PromQL'],
    ['a variable that is not there', withQuery('up{cluster=~"$region"}'), 'the variable $region has no value'],
    ['a counter without rate', withQuery(`sum(partitiond_retries_total${chosen})`), 'is a counter outside of rate and increase'],
    [
      'a gauge inside rate',
      withQuery(`sum(rate(partitiond_blocked_sessions${chosen}[$__rate_interval]))`),
      'is no counter, yet inside of rate',
    ],
    ['a fixed range', withQuery(`sum(increase(partitiond_retries_total${chosen}[7m]))`), 'not $__rate_interval'],
    ['no matcher of the instance', withQuery('sum(up{cluster=~"$cluster",job=~"$job"})'), 'is not limited to the chosen instance'],
    [
      'bytes plus seconds',
      withQuery(`sum(process_resident_memory_bytes${chosen} + scrape_duration_seconds${chosen})`),
      'do not go together',
    ],
  ] satisfies readonly Fault[])('finds %s', ([, plant, message]) => {
    const dashboard = readDashboard('overview.json');
    // The second: the first is a row.
    const panels = dashboard.panels.map((panel, index) => (index === 1 ? plant(panel) : panel));
    const faults = lintDashboard({ ...dashboard, panels });
    expect(faults.length).toBeGreaterThan(0);
    expect(faults.join('\n')).toContain(message);
  });

  it('finds a variable without all, an editable dashboard and a forgotten mark', () => {
    const dashboard = readDashboard('overview.json');
    const list = dashboard.templating.list.map((one) => (one.name === 'job' ? { ...one, allValue: '' } : one));
    expect(lintDashboard({ ...dashboard, editable: true, annotations: { list: [] }, templating: { list } })).toEqual([
      'partitiond / Overview: can be edited',
      'partitiond / Overview: has no marks of new leaders',
      'partitiond / Overview, variable job: does not offer several and all (.+)',
    ]);
  });

  it('finds metrics and labels that nobody exports', () => {
    const known = knownMetrics();
    expect(findUnknown('max by (tabel) (partitiond_table_rows{schma="a"}) / partitiond_table_row', known)).toEqual([
      'partitiond_table_rows has no label schma',
      'nobody exports partitiond_table_row',
      'partitiond_table_rows has no label tabel',
    ]);
  });

  it.for([
    ['time() - partitiond_leader_last_renewal_timestamp_seconds', 'seconds'],
    ['partitiond_table_coverage_end_timestamp_seconds * 1000', 'timestamp-ms'],
    ['rate(process_cpu_seconds_total[5m])', 'ratio'],
    ['partitiond_table_dead_rows / (partitiond_table_rows > 0)', 'ratio'],
    ['histogram_quantile(0.5, sum by (le) (rate(partitiond_task_duration_seconds_bucket[5m])))', 'seconds'],
    ['rate(partitiond_lock_wait_seconds_count[5m])', 'count'],
    ['topk(3, table:partitiond_size_bytes:sum)', 'bytes'],
    ['partitiond_table_growth_bytes_per_second', 'bytes-per-second'],
    ['count(partitiond_table_size_bytes > 5) or vector(0)', 'count'],
  ] as const)('knows what %s is', ([expression, quantity]) => {
    expect(quantityOf(expression)).toBe(quantity);
  });
});

type Fault = readonly [name: string, plant: (panel: DashboardPanel) => DashboardPanel, message: string];
