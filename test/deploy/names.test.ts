import { expect, it, type TestContext } from 'vitest';
import { everyRender, minimalValues } from '../support/deploy/chart-renders.ts';
import { podsOf } from '../support/deploy/pods-of.ts';
import { type KubernetesObject, renderChart } from '../support/deploy/render-chart.ts';

const longest = 'r'.repeat(52);
const label = /^(?=.{1,63}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

/** What an installation can hold beside the daemon or the CronJob. */
const everything = {
  ...minimalValues,
  networkPolicy: { enabled: true, databaseTo: [{ ipBlock: { cidr: '10.0.0.0/8' } }] },
  migration: { enabled: true, args: ['validate'] },
};

async function objects(context: TestContext, set: object, release: string): Promise<readonly KubernetesObject[]> {
  const { code, stderr, objects: found } = await renderChart(context, { set, release });
  expect(code, stderr).toBe(0);
  return found;
}

/** What of a release could be one object with what another release has. */
async function identities(context: TestContext, set: object, release: string): Promise<readonly string[]> {
  return (await objects(context, set, release)).map(({ kind, metadata }) => `${kind}/${metadata.name}`);
}

it('keeps every name within 63 characters, that of a CronJob within 52, when the release has the longest name there is', async (context) => {
  for (const mode of ['deployment', 'cronjob']) {
    for (const release of [`${longest}x`, 'a'.repeat(53), `${'a'.repeat(46)}-bcdefg`]) {
      for (const { kind, metadata } of await objects(context, { ...everything, mode }, release)) {
        expect(metadata.name, kind).toMatch(label);
        if (kind === 'CronJob') expect(metadata.name.length).toBeLessThanOrEqual(52);
        for (const value of Object.values(metadata.labels ?? {})) expect(value).toMatch(/^[-._A-Za-z0-9]{0,63}$/);
      }
    }
  }
});

it('tells two releases apart of which only the last of 53 characters differs', async (context) => {
  for (const mode of ['deployment', 'cronjob']) {
    const set = { ...everything, mode };
    const [first, second] = [await identities(context, set, `${longest}a`), await identities(context, set, `${longest}b`)];
    expect(first.filter((identity) => second.includes(identity))).toEqual([]);
    expect(new Set(first).size).toBe(first.length);
  }
});

it('selects by what never changes: no version, neither in the selector nor in the labels that would restart a pod', async (context) => {
  const [deployment] = (await objects(context, minimalValues, 't')).filter(({ kind }) => kind === 'Deployment');
  const matchLabels = {
    'app.kubernetes.io/name': 'partitiond',
    'app.kubernetes.io/instance': 't',
    'app.kubernetes.io/component': 'daemon',
  };
  expect(deployment?.['spec']).toHaveProperty('selector', { matchLabels });
  expect(deployment?.metadata.labels).toMatchObject({ 'helm.sh/chart': expect.stringMatching(/^partitiond-\d/) as string });
  const [pod] = podsOf(deployment === undefined ? [] : [deployment]);
  expect(Object.keys(pod?.labels ?? {}).filter((name) => /version|chart/.test(name))).toEqual([]);
});

it('selects its daemons, and no pod of a Job or of a test', async (context) => {
  for (const { name, objects: rendered } of await everyRender(context)) {
    const pods = podsOf(rendered).filter(({ labels }) => labels['app.kubernetes.io/part-of'] === 'partitiond');
    for (const { kind, metadata, spec } of rendered as readonly (KubernetesObject & {
      readonly spec?: { readonly selector?: Selector };
    })[]) {
      if (metadata.labels?.['helm.sh/chart'] === undefined || !['Deployment', 'PodDisruptionBudget', 'Service'].includes(kind)) continue;
      const selector = spec?.selector ?? {};
      const wanted = Object.entries('matchLabels' in selector ? (selector.matchLabels as Labels) : selector);
      const selected = pods.filter(({ labels }) => wanted.every(([key, value]) => labels[key] === value));
      expect([name, kind, selected.map(({ owner }) => owner.split('/')[0])]).toEqual([name, kind, ['Deployment']]);
    }
  }
});

it('takes names of your own, cut likewise', async (context) => {
  const named = await objects(context, { ...everything, fullnameOverride: 'x'.repeat(60), mode: 'cronjob' }, 't');
  for (const { metadata } of named) expect(metadata.name).toMatch(label);
  const renamed = await objects(context, { ...minimalValues, nameOverride: 'parts' }, 't');
  expect(renamed.find(({ kind }) => kind === 'Deployment')?.metadata.name).toBe('t-parts');
});

type Labels = Readonly<Record<string, string>>;
type Selector = { readonly matchLabels: Labels } | Labels;

it('takes names that YAML would read as a number or a boolean', async (context) => {
  const names = { nameOverride: '42', fullnameOverride: '789', priorityClassName: '1e3', serviceAccount: { name: 'true' } };
  const secrets = { databaseSecrets: { app: { secretName: '123', key: '1' } }, tls: { caSecret: { name: '7', key: '8' } } };
  for (const [release, set] of [
    ['123', everything],
    ['1e3', everything],
    ['true', everything],
    ['t', { ...everything, ...names, ...secrets }],
    ['t', { existingConfigMap: { name: '12', key: '3' }, mode: 'cronjob', serviceAccount: { create: false, name: '5' } }],
  ] as const) {
    for (const object of await objects(context, set, release)) expect(unnamed(object), `${release} ${object.kind}`).toEqual([]);
  }
});

it('has every label once, whatever labels of your own are called', async (context) => {
  const own = { 'app.kubernetes.io/part-of': 'shop', 'app.kubernetes.io/component': 'x', 'app.kubernetes.io/instance': 'y', tier: '1' };
  const monitoring = { podMonitor: { enabled: true, labels: own } };
  const set = { ...minimalValues, podLabels: own, monitoring };
  const [deployment] = podsOf((await objects(context, set, 't')).filter(({ kind }) => kind === 'Deployment'));
  expect(deployment?.labels).toEqual({
    'app.kubernetes.io/name': 'partitiond',
    'app.kubernetes.io/instance': 't',
    'app.kubernetes.io/component': 'daemon',
    'app.kubernetes.io/part-of': 'partitiond',
    tier: '1',
  });
  const monitor = (await objects(context, set, 't')).find(({ kind }) => kind === 'PodMonitor');
  expect(monitor?.metadata.labels).toMatchObject(own);
});

/** Labels, names and keys that are no text, as a cluster wants them. */
function unnamed(value: unknown, path = ''): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const at = `${path}.${key}`;
    const isName =
      /^(name|namespace|key|secretName|serviceAccountName|priorityClassName)$/.test(key) || /(labels|matchLabels)$/i.test(path);
    return isName && typeof inner !== 'string' ? [at] : unnamed(inner, at);
  });
}
