import { readFileSync } from 'node:fs';
import { expect, it, type TestContext } from 'vitest';
import { parse } from 'yaml';
import type { ValueNode } from '../../scripts/chart/value-node.ts';
import { readComments } from '../../scripts/chart/values-comments.ts';
import { allValues } from '../../scripts/chart/values-schema.ts';
import { chartFolder, renderChart } from '../support/deploy/render-chart.ts';

const yaml = readFileSync(`${chartFolder}/values.yaml`, 'utf8');
const defaults: unknown = parse(yaml);
const paths = leaves(allValues(), '');

/** Another value for each key, with what makes the key matter. */
const changes: Readonly<Record<string, { readonly to: unknown; readonly when?: object }>> = {
  mode: { to: 'cronjob' },
  replicaCount: { to: 3 },
  'image.repository': { to: 'registry.internal/partitiond' },
  'image.tag': { to: '9.9.9' },
  'image.digest': { to: `sha256:${'0'.repeat(64)}` },
  'image.pullPolicy': { to: 'Always' },
  imagePullSecrets: { to: [{ name: 'registry' }] },
  nameOverride: { to: 'keeper' },
  fullnameOverride: { to: 'keeper' },
  config: { to: { log: { level: 'debug' } } },
  'existingConfigMap.name': { to: 'policy' },
  'existingConfigMap.key': { to: 'policy-2.yaml' },
  acknowledgeDataLoss: { to: true },
  restartOnConfigChange: { to: true },
  databaseSecrets: { to: { other: { secretName: 'other', key: 'uri' } } },
  'tls.mode': { to: 'require' },
  'tls.caSecret.name': { to: 'ca' },
  'tls.caSecret.key': { to: 'ca.pem', when: { tls: { caSecret: { name: 'ca' } } } },
  resources: { to: { limits: { memory: '512Mi' } } },
  heapMiB: { to: 128 },
  terminationGracePeriodSeconds: { to: 60 },
  'serviceAccount.create': { to: false },
  'serviceAccount.name': { to: 'keeper' },
  'serviceAccount.annotations': { to: { role: 'reader' } },
  podAnnotations: { to: { team: 'data' } },
  podLabels: { to: { tier: 'database' } },
  nodeSelector: { to: { disk: 'ssd' } },
  tolerations: { to: [{ operator: 'Exists' }] },
  affinity: { to: { podAntiAffinity: {} } },
  priorityClassName: { to: 'database' },
  topologySpreadConstraints: { to: [{ maxSkew: 2, topologyKey: 'rack', whenUnsatisfiable: 'DoNotSchedule' }] },
  'podDisruptionBudget.enabled': { to: false },
  'podDisruptionBudget.maxUnavailable': { to: 2 },
  'networkPolicy.enabled': { to: true, when: { networkPolicy: { databaseTo: [{ podSelector: {} }] } } },
  ...within(
    { networkPolicy: { enabled: true, databaseTo: [{ podSelector: {} }], objectStoreTo: [{ podSelector: {} }] } },
    {
      'networkPolicy.metricsFrom': [{ namespaceSelector: {} }],
      'networkPolicy.databaseTo': [{ ipBlock: { cidr: '10.0.0.0/8' } }],
      'networkPolicy.databasePort': 5433,
      'networkPolicy.objectStoreTo': [{ ipBlock: { cidr: '10.0.0.0/8' } }],
      'networkPolicy.objectStorePort': 9000,
      'networkPolicy.dnsTo': [{ ipBlock: { cidr: '169.254.20.10/32' } }],
      'networkPolicy.dnsPort': 5353,
    },
  ),
  extraEnv: { to: [{ name: 'ZONE', value: 'a' }] },
  extraVolumes: { to: [{ name: 'notes', emptyDir: {} }] },
  extraVolumeMounts: { to: [{ name: 'notes', mountPath: '/notes' }] },
  extraContainers: { to: [{ name: 'proxy' }] },
  extraObjects: { to: [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'notes' } }] },
  ...within(
    { mode: 'cronjob' },
    {
      'cronjob.schedule': '7 * * * *',
      'cronjob.only': ['provision'],
      'cronjob.startingDeadlineSeconds': 60,
      'cronjob.activeDeadlineSeconds': 60,
      'cronjob.backoffLimit': 1,
      'cronjob.ttlSecondsAfterFinished': 60,
    },
  ),
  'migration.enabled': { to: true, when: { migration: { args: ['doctor'] } } },
  ...within(
    { migration: { enabled: true, args: ['doctor'] } },
    {
      'migration.args': ['validate'],
      'migration.activeDeadlineSeconds': 60,
    },
  ),
  'monitoring.podMonitor.enabled': { to: true },
  ...within(
    { monitoring: { podMonitor: { enabled: true } } },
    {
      'monitoring.podMonitor.labels': { release: 'stack' },
      'monitoring.podMonitor.interval': '15s',
      'monitoring.podMonitor.scrapeTimeout': '5s',
    },
  ),
  'monitoring.podMonitor.selector': {
    to: { app: 'shop' },
    when: { mode: 'none', monitoring: { podMonitor: { enabled: true, selector: { tier: 'web' } } } },
  },
  'monitoring.serviceMonitor.enabled': { to: true },
  ...within(
    { monitoring: { serviceMonitor: { enabled: true } } },
    {
      'monitoring.serviceMonitor.labels': { release: 'stack' },
      'monitoring.serviceMonitor.interval': '15s',
      'monitoring.serviceMonitor.scrapeTimeout': '5s',
    },
  ),
  'monitoring.rules.enabled': { to: true },
  ...within(
    { monitoring: { rules: { enabled: true } } },
    {
      'monitoring.rules.labels': { release: 'stack' },
      'monitoring.rules.disabled': ['PartitiondDown'],
      'monitoring.rules.overrides': { PartitiondDown: { for: '1h' } },
      'monitoring.rules.runbookBaseUrl': 'https://runbooks.internal',
      'monitoring.rules.dashboardBaseUrl': 'https://grafana.internal',
    },
  ),
  'monitoring.dashboards.enabled': { to: true },
  ...within(
    { monitoring: { dashboards: { enabled: true } } },
    {
      'monitoring.dashboards.labels': { dashboard: 'yes' },
      'monitoring.dashboards.annotations': { grafana_folder: 'PostgreSQL' },
    },
  ),
};

/** Read when values are judged: they allow what is asked for elsewhere and change no object. */
const judged = ['acknowledgeDataLoss'];

it('describes in the schema exactly the values that there are', () => {
  expect(paths.toSorted()).toEqual(valuePaths(defaults, '').toSorted());
});

it('says of every value, in a comment, what it is', () => {
  const comments = readComments(yaml);
  expect(paths.filter((path) => (comments.get(path)?.prose ?? '').length < 10)).toEqual([]);
  for (const path of paths) expect(comments.get(path)?.prose, path).toMatch(/[.:]$/);
});

it('shows every value in the README', () => {
  const readme = readFileSync(`${chartFolder}/README.md`, 'utf8');
  expect(paths.filter((path) => !readme.includes(`| \`${path}\` |`))).toEqual([]);
});

it('knows another value for every key', () => {
  expect(Object.keys(changes).toSorted()).toEqual(paths.toSorted());
});

it('renders something else when a value is another', async (context) => {
  const unused: string[] = [];
  for (const path of paths.filter((name) => !judged.includes(name))) {
    const { to, when = {} } = changes[path] ?? { to: null };
    const before = await text(context, when, path);
    const after = await text(context, overlay(when, nested(path.split('.'), to)), path);
    if (before === after) unused.push(path);
  }
  expect(unused).toEqual([]);
});

/** One render per set of values: many keys are compared with the same one. */
const renders = new Map<string, string>();

async function text(context: TestContext, values: object, path: string): Promise<string> {
  const base = path.startsWith('existingConfigMap')
    ? `${chartFolder}/ci/existing-configmap-values.yaml`
    : `${chartFolder}/ci/minimal-values.yaml`;
  const key = `${base} ${JSON.stringify(values)}`;
  const known = renders.get(key);
  if (known !== undefined) return known;
  const rendered = await renderChart(context, { values: base, set: values });
  expect(rendered.code, `${path}: ${rendered.stderr}`).toBe(0);
  renders.set(key, rendered.text);
  return rendered.text;
}

function within(
  when: object,
  values: Readonly<Record<string, unknown>>,
): Readonly<Record<string, { readonly to: unknown; readonly when: object }>> {
  return Object.fromEntries(Object.entries(values).map(([path, to]) => [path, { to, when }]));
}

function leaves(keys: Readonly<Record<string, ValueNode>>, prefix: string): readonly string[] {
  return Object.entries(keys).flatMap(([key, node]) => ('keys' in node ? leaves(node.keys, `${prefix}${key}.`) : [`${prefix}${key}`]));
}

/** The paths of values.yaml, down to where the schema has no section any more. */
function valuePaths(value: unknown, prefix: string): readonly string[] {
  if (!isRecord(value) || paths.includes(prefix)) return [prefix];
  return Object.entries(value).flatMap(([key, inner]) => valuePaths(inner, prefix === '' ? key : `${prefix}.${key}`));
}

function nested(keys: readonly string[], value: unknown): object {
  const [first = '', ...rest] = keys;
  return { [first]: rest.length === 0 ? value : nested(rest, value) };
}

function overlay(base: unknown, top: unknown): object {
  if (!isRecord(base) || !isRecord(top)) return top as object;
  return {
    ...base,
    ...Object.fromEntries(Object.entries(top).map(([key, value]) => [key, key in base ? overlay(base[key], value) : value])),
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
