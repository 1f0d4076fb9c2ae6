import { readFileSync } from 'node:fs';
import { expect, it, type TestContext } from 'vitest';
import { parse } from 'yaml';
import { chartFolder, type KubernetesObject, renderChart } from '../support/deploy/render-chart.ts';

interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}
interface RuleFile {
  readonly groups: readonly { readonly name: string; readonly rules: readonly Rule[] }[];
}

const shipped: RuleFile = parse(readFileSync('deploy/prometheus/partitiond.rules.yaml', 'utf8'));
const minimal = `${chartFolder}/ci/minimal-values.yaml`;

async function renderedRules(context: TestContext, rules: object = {}): Promise<RuleFile> {
  const set = { monitoring: { rules: { enabled: true, ...rules } } };
  const { objects, stderr, code } = await renderChart(context, { values: minimal, set });
  expect(code, stderr).toBe(0);
  const found = objects.filter(({ kind }) => kind === 'PrometheusRule');
  expect(found).toHaveLength(1);
  return found[0]?.['spec'] as RuleFile;
}

const alertsOf = (file: RuleFile): readonly Rule[] => file.groups.flatMap(({ rules }) => rules).filter(({ alert }) => alert !== undefined);
const keyOf = (rule: Rule): string => `${rule.alert}/${rule.labels?.['severity']}`;

it('renders the rules of the file, word for word', async (context) => {
  expect(await renderedRules(context)).toEqual(shipped);
  expect(alertsOf(shipped).length).toBeGreaterThanOrEqual(18);
});

it('leaves out every severity of an alert, or the one that is named', async (context) => {
  const all = alertsOf(shipped).map(keyOf);
  const byName = await renderedRules(context, { disabled: ['PartitionFreezeAgeHigh', 'PartitiondDown'] });
  expect(alertsOf(byName).map(keyOf)).toEqual(all.filter((key) => !/^(PartitionFreezeAgeHigh|PartitiondDown)\//.test(key)));
  const bySeverity = await renderedRules(context, { disabled: ['PartitionFreezeAgeHigh/critical'] });
  expect(alertsOf(bySeverity).map(keyOf)).toEqual(all.filter((key) => key !== 'PartitionFreezeAgeHigh/critical'));
});

it('keeps recording rules when all alerts are left out', async (context) => {
  const file = await renderedRules(context, { disabled: [...new Set(alertsOf(shipped).map(({ alert }) => alert))] });
  const records = shipped.groups.flatMap(({ rules }) => rules).filter(({ record }) => record !== undefined);
  expect(file.groups.flatMap(({ rules }) => rules)).toEqual(records);
});

it('changes `for` and severity of the alert that is named, and nothing else', async (context) => {
  const overrides = {
    PartitionRunwayLow: { for: '1h' },
    PartitionDefaultRows: { severity: 'critical' },
    PartitionFreezeAgeHigh: { for: '2h' },
    'PartitionFreezeAgeHigh/critical': { for: '15m' },
  };
  const file = await renderedRules(context, { overrides });
  const expected = alertsOf(shipped).map((rule) => {
    if (rule.alert === 'PartitionRunwayLow') return { ...rule, for: '1h' };
    if (rule.alert === 'PartitionDefaultRows') return { ...rule, labels: { ...rule.labels, severity: 'critical' } };
    if (rule.alert === 'PartitionFreezeAgeHigh') return { ...rule, for: rule.labels?.['severity'] === 'critical' ? '15m' : '2h' };
    return rule;
  });
  expect(alertsOf(file)).toEqual(expected);
});

it('points to the runbooks and dashboards of the platform', async (context) => {
  const bases = { runbookBaseUrl: 'https://runbooks.internal/partitiond/', dashboardBaseUrl: 'https://grafana.internal/' };
  const before = alertsOf(shipped);
  for (const [index, rule] of alertsOf(await renderedRules(context, bases)).entries()) {
    expect(rule.annotations?.['runbook_url']).toBe(`https://runbooks.internal/partitiond/${rule.alert}.md`);
    expect(rule.annotations?.['dashboard_url']).toBe(`https://grafana.internal${before[index]?.annotations?.['dashboard_url']}`);
    expect(rule.annotations?.['dashboard_url']).toMatch(/^https:\/\/grafana\.internal\/d\/[0-9a-f]{32}$/);
  }
});

it('scrapes the daemon as the alerts expect it, by either monitor', async (context) => {
  for (const monitor of ['podMonitor', 'serviceMonitor'] as const) {
    const set = { monitoring: { [monitor]: { enabled: true, labels: { release: 'stack' } } } };
    const { objects } = await renderChart(context, { values: minimal, set });
    const object = objects.find(({ apiVersion }) => apiVersion === 'monitoring.coreos.com/v1');
    expect(object?.metadata.labels?.['release']).toBe('stack');
    const spec = object?.['spec'] as Readonly<Record<string, unknown>>;
    expect(spec['sampleLimit']).toBe(60_000);
    expect(spec['selector']).toEqual({ matchLabels: daemonLabels(objects) });
    expect(spec['podMetricsEndpoints'] ?? spec['endpoints']).toEqual([
      {
        port: 'ptd-metrics',
        path: '/metrics',
        scheme: 'http',
        interval: '30s',
        scrapeTimeout: '10s',
        honorLabels: false,
        relabelings: [{ action: 'replace', targetLabel: 'job', replacement: 'partitiond' }],
      },
    ]);
  }
});

it('gives a ServiceMonitor the one Service that it selects, without the admin port', async (context) => {
  const { objects } = await renderChart(context, { values: `${chartFolder}/ci/service-monitor-values.yaml` });
  const services = objects.filter(({ kind }) => kind === 'Service');
  expect(services).toHaveLength(1);
  expect(services[0]?.metadata.labels).toEqual(expect.objectContaining(daemonLabels(objects)));
  const spec = services[0]?.['spec'] as {
    readonly selector: object;
    readonly ports: readonly { readonly name: string; readonly port: number }[];
  };
  expect(spec.selector).toEqual(daemonLabels(objects));
  expect(spec.ports.map(({ name, port }) => [name, port])).toEqual([['ptd-metrics', 9788]]);
});

it('ships each dashboard as the file that the linters read, in a ConfigMap that is small enough', async (context) => {
  const { objects } = await renderChart(context, { values: `${chartFolder}/ci/dashboards-values.yaml` });
  const dashboards = objects.filter(({ metadata }) => metadata.labels?.['grafana_dashboard'] === '1');
  const files = dashboards.flatMap(({ data }) => Object.entries(data as Readonly<Record<string, string>>));
  expect(files.map(([name]) => name).toSorted()).toEqual(['partitiond-daemon.json', 'partitiond-overview.json', 'partitiond-table.json']);
  for (const [name, text] of files) {
    expect(text).toBe(readFileSync(`deploy/grafana/${name.replace('partitiond-', '')}`, 'utf8'));
    expect(Buffer.byteLength(text)).toBeLessThan(1024 * 1024);
  }
});

function daemonLabels(objects: readonly KubernetesObject[]): Readonly<Record<string, string>> {
  const spec = objects.find(({ kind }) => kind === 'Deployment')?.['spec'] as {
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
  };
  return spec.selector.matchLabels;
}
