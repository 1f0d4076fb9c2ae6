import { describe, expect, it } from 'vitest';
import { dashboardFiles, readDashboard, shownPanels } from '../support/deploy/dashboards/dashboard.ts';
import { findUnknown, knownMetrics, listedMetrics, rules } from '../support/deploy/dashboards/known-metrics.ts';
import { lintDashboard } from '../support/deploy/dashboards/lint.ts';
import { sampleValues, substitute } from '../support/deploy/dashboards/substitute.ts';
import { readPromql } from '../support/deploy/promql.ts';

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
});

it('shows every metric in a panel, or a rule uses it', () => {
  const used = [...dashboardFiles.flatMap(expressions), ...rules().map(({ expr }) => expr)].flatMap((expr) =>
    readPromql(expr).selectors.map(({ metric }) => metric.replace(/_(bucket|sum|count)$/, '')),
  );
  expect(listedMetrics().flatMap(({ name }) => (used.includes(name) ? [] : [name]))).toEqual([]);
});
