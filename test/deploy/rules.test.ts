import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, type TestContext } from 'vitest';
import { parse } from 'yaml';
import { listedMetrics } from '../support/deploy/dashboards/known-metrics.ts';
import { type DeployTool, deployTool, runTool } from '../support/deploy/deploy-tool.ts';
import { readPromql } from '../support/deploy/promql.ts';
import { type CountedCase, missingCases } from '../support/deploy/rules/missing-cases.ts';
import { mutantsOf } from '../support/deploy/rules/rule-mutants.ts';
import { isAlert, isRecording, readRules, recordingsOf, rulesPath, testsFolder } from '../support/deploy/rules/rules-file.ts';

const rules = readRules();
const alerts = rules.filter(isAlert);
const listed = listedMetrics();
const leaderMetrics = new Set(listed.filter(({ scope }) => scope === 'leader').map(({ name }) => name));
/** What Prometheus adds to every series. */
const targetLabels = ['cluster', 'namespace', 'job', 'instance'];
const labelsOf: ReadonlyMap<string, readonly string[]> = new Map([
  ['up', targetLabels],
  ...listed.map(({ name, labels }) => [name, [...targetLabels, ...labels]] as const),
  ...rules.filter(isRecording).map(({ record, expr }) => [record, readPromql(expr).groupings[0]?.labels ?? []] as const),
]);
const promtools = ['promtool', 'promtool3'] as const;

async function expectGreen(context: TestContext, name: DeployTool, args: readonly string[]): Promise<void> {
  const run = await runTool(deployTool(context, name), args);
  expect(run.code, run.stdout + run.stderr).toBe(0);
}

function casesOf(alert: string): readonly CountedCase[] {
  const read: { readonly tests: readonly CountedCase[] } = parse(readFileSync(join(testsFolder, `${alert}.test.yaml`), 'utf8'));
  return read.tests;
}

function lacking(alert: string, cases: readonly CountedCase[]): readonly string[] {
  return alerts.filter((rule) => rule.alert === alert).flatMap((rule) => missingCases(rule, cases, { rules, leaderMetrics }));
}

describe('the rules for Prometheus', () => {
  it.for(promtools)('pass the lint of %s', async (name, context) => {
    await expectGreen(context, name, ['check', 'rules', '--lint=all', '--lint-fatal', rulesPath]);
  });

  it('pass the lint of pint', async (context) => {
    await expectGreen(context, 'pint', ['--offline', '--config', 'deploy/prometheus/.pint.hcl', 'lint', '--fail-on=warning', rulesPath]);
  });

  // One test for each file: all of them together take minutes on a busy machine.
  describe.each(promtools)('by %s', (name) => {
    it.for(readdirSync(testsFolder))('fire and stay quiet as %s says', async (file, context) => {
      await expectGreen(context, name, ['test', 'rules', join(testsFolder, file)]);
    });
  });

  it('are one group, so that no alert reads a recording of the evaluation before', () => {
    const file: { readonly groups: readonly unknown[] } = parse(readFileSync(rulesPath, 'utf8'));
    expect(file.groups).toHaveLength(1);
    for (const [index, rule] of rules.entries())
      for (const recording of recordingsOf(rule.expr, rules)) expect(rules.indexOf(recording)).toBeLessThan(index);
  });

  it('read only metrics that exist, by labels that those have', () => {
    for (const { expr } of rules) {
      const { selectors, groupings } = readPromql(expr);
      for (const { metric, matchers } of selectors) {
        const labels = labelsOf.get(metric);
        expect(labels, `${metric} is in deploy/metrics.json`).toBeDefined();
        for (const { label } of matchers) expect(labels, `${metric} has ${label}`).toContain(label);
      }
      for (const { labels, metrics, made } of groupings)
        for (const metric of metrics) for (const label of labels) expect([...(labelsOf.get(metric) ?? []), ...made]).toContain(label);
    }
  });

  it('look at no other job, and at what counts only by what it grew', () => {
    const types = new Map(listed.map(({ name, type }) => [name, type]));
    for (const { expr } of rules) {
      for (const { metric, matchers, inside } of readPromql(expr).selectors) {
        if (metric.startsWith('partitiond_') || metric === 'up')
          expect(matchers, metric).toContainEqual({ label: 'job', operator: '=', value: 'partitiond' });
        expect(inside.includes('increase'), metric).toBe(types.get(metric) === 'counter');
      }
    }
  });

  it('use nothing that Prometheus 2.42 and 3 take for different things', () => {
    const known = [
      'absent',
      'avg_over_time',
      'clamp_max',
      'clamp_min',
      'count',
      'count_values',
      'increase',
      'last_over_time',
      'max',
      'max_over_time',
      'sum',
    ];
    for (const { expr } of rules) for (const name of readPromql(expr).functions) expect([...known, 'time']).toContain(name);
  });
});

describe('the alerts', () => {
  it('are these, each in its severities', () => {
    expect(alerts.map(({ alert, labels }) => `${alert} ${labels['severity']}`)).toEqual([
      'PartitiondDown critical',
      'PartitiondNoLeader critical',
      'PartitiondMultipleLeaders critical',
      'PartitiondTaskStale warning',
      'PartitiondSnapshotStale warning',
      'PartitiondConfigReloadFailed warning',
      'PartitiondConfigDrift warning',
      'PartitionRunwayLow warning',
      'PartitionRunwayExhausted critical',
      'PartitionDefaultRows warning',
      'PartitionCoverageGap warning',
      'PartitionRetentionLag warning',
      'PartitionDetachPending warning',
      'PartitionPruningRegression warning',
      'PartitionInvalidIndex warning',
      'PartitionFreezeAgeHigh warning',
      'PartitionFreezeAgeHigh critical',
      'PartitiondBlockingSessions critical',
      'PartitiondRemovalRefused critical',
      'PartitiondMigrationStalled warning',
      'PartitiondMigrationMismatch critical',
      'PartitiondMigrationBacklog warning',
      'PartitiondMigrationSoakLong warning',
    ]);
  });

  it('say what is, where, what to do and where to look', () => {
    for (const { alert, labels, annotations } of alerts) {
      expect(Object.keys(labels)).toEqual(['severity']);
      expect(Object.keys(annotations)).toEqual(['summary', 'description', 'runbook_url', 'dashboard_url']);
      expect(annotations['summary'], 'the same for all, so that notifications can be grouped').not.toContain('{{');
      expect(annotations['description']).toMatch(/\$labels\.(database|instance|namespace)/);
      expect(annotations['runbook_url']).toBe(`https://github.com/partitiond/partitiond/blob/main/deploy/runbooks/${alert}.md`);
      expect(annotations['dashboard_url']).toMatch(/^\/d\/[0-9a-f]{32}$/);
    }
  });

  it('name in their descriptions only labels that they have', () => {
    for (const { alert, annotations } of alerts) {
      const fired = casesOf(alert)
        .flatMap((one) => one.alert_rule_test ?? [])
        .flatMap((check) => check.exp_alerts);
      const used = [...(annotations['description'] ?? '').matchAll(/\$labels\.(\w+)/g)].map(([, label]) => label ?? '');
      const own = new Set(fired.flatMap((one) => Object.keys((one as { readonly exp_labels: object }).exp_labels)));
      for (const label of used) expect([...own], alert).toContain(label);
    }
  });

  it('have a file of tests each, and no tests are left of one that has gone', () => {
    const wanted = [...new Set(alerts.map(({ alert }) => `${alert}.test.yaml`)), 'recordings.test.yaml'];
    expect(readdirSync(testsFolder).toSorted()).toEqual(wanted.toSorted());
  });

  it('are tried in every case that can go wrong, in each way to fire', () => {
    for (const { alert } of alerts) expect(lacking(alert, casesOf(alert))).toEqual([]);
  });

  it('are found lacking when a case is taken out', () => {
    for (const alert of ['PartitiondDown', 'PartitionRunwayLow', 'PartitionFreezeAgeHigh', 'PartitiondRemovalRefused']) {
      const cases = casesOf(alert);
      for (const what of ['fires', 'quiet', 'leader moves', 'without the label cluster']) {
        const [prefix] = cases[0]?.name.split(': ') ?? [];
        expect(
          lacking(
            alert,
            cases.filter(({ name }) => !name.startsWith(`${prefix}: ${what}`)),
          ),
          `${alert}: ${what}`,
        ).not.toEqual([]);
      }
    }
  });
});

describe('the mistakes that are planted in the rules', () => {
  it('are comparisons, durations, numbers, labels and windows of every rule', () => {
    const mistakes = rules.flatMap((rule) => mutantsOf(rule).map(({ mistake }) => mistake));
    expect(mistakes.length).toBeGreaterThan(300);
    for (const one of ['">" becomes "<"', 'for: 15m becomes 1s', 'for: 15m becomes 5d', '"0.5" becomes "0.25"', '"0.5" becomes "1"'])
      expect(
        mistakes.some((mistake) => mistake.includes(one)),
        one,
      ).toBe(true);
    expect(mistakes.some((mistake) => mistake.includes('becomes "(namespace, job, database)"'))).toBe(true);
    expect(mistakes.some((mistake) => /last_over_time\(.*becomes "partitiond_/.test(mistake))).toBe(true);
  });
});
