import { expect, it, type TestContext } from 'vitest';
import { minimalValues, parentChart } from '../support/deploy/chart-renders.ts';
import type { Container } from '../support/deploy/pod.ts';
import { podsOf, type RenderedPod } from '../support/deploy/pods-of.ts';
import { type Rendered, renderChart } from '../support/deploy/render-chart.ts';

async function parent(context: TestContext, partitiond: object = {}, kubeVersion = '1.33.0'): Promise<Rendered> {
  return renderChart(context, { chart: parentChart, set: { partitiond }, kubeVersion });
}

async function application(context: TestContext, partitiond: object = {}, kubeVersion = '1.33.0'): Promise<RenderedPod> {
  const { code, stderr, objects } = await parent(context, partitiond, kubeVersion);
  expect(code, stderr).toBe(0);
  const [pod] = podsOf(objects);
  return pod ?? expect.unreachable('no pod');
}

async function sidecar(context: TestContext, partitiond: object = {}): Promise<Container> {
  const [found] = (await application(context, partitiond)).spec.initContainers ?? [];
  return found ?? expect.unreachable('no sidecar');
}

function names(items: unknown): readonly string[] {
  return ((items ?? []) as readonly { readonly name: string }[]).map(({ name }) => name);
}

it('is a native sidecar from Kubernetes 1.29', async (context) => {
  for (const version of ['1.29.0', '1.33.0', '1.35.0']) {
    const { spec } = await application(context, {}, version);
    expect(names(spec.initContainers)).toEqual(['partitiond']);
    expect(names(spec.containers)).toEqual(['shop']);
    expect(spec.initContainers?.[0]?.['restartPolicy']).toBe('Always');
  }
});

it('is a plain container before that, where restartPolicy of a container is not known', async (context) => {
  const { spec } = await application(context, {}, '1.28.9');
  expect(spec).not.toHaveProperty('initContainers');
  expect(names(spec.containers)).toEqual(['partitiond', 'shop']);
  const [plain] = spec.containers;
  expect({ ...plain, restartPolicy: 'Always' }).toEqual(await sidecar(context));
});

it('is what the Deployment runs, but for the probes that an application must not wait for', async (context) => {
  const { objects } = await renderChart(context, { set: minimalValues });
  const [daemon] = podsOf(objects).flatMap(({ spec }) => spec.containers);
  const { startupProbe, readinessProbe, ...rest } = daemon ?? expect.unreachable('no daemon');
  expect([startupProbe, readinessProbe]).not.toContain(undefined);
  expect(await sidecar(context)).toEqual({ ...rest, restartPolicy: 'Always' });
});

it('takes image, resources, heap, encryption and environment from the values', async (context) => {
  const container = await sidecar(context, {
    image: { repository: 'mirror.example/partitiond', tag: '0.2.0', pullPolicy: 'Always' },
    resources: { requests: { cpu: '20m', memory: '128Mi' }, limits: { memory: '512Mi' } },
    heapMiB: 384,
    tls: { mode: 'verify-ca', caSecret: { name: 'database-ca' } },
    extraEnv: [{ name: 'PARTITIOND_LOG_LEVEL', value: 'debug' }],
  });
  expect(container).toMatchObject({
    image: 'mirror.example/partitiond:0.2.0',
    imagePullPolicy: 'Always',
    resources: { requests: { cpu: '20m', memory: '128Mi' }, limits: { memory: '512Mi' } },
  });
  expect(container['env']).toEqual([
    { name: 'PARTITIOND_CONFIG', value: '/etc/partitiond/partitiond.yaml' },
    { name: 'PARTITIOND_ADMIN_HOST', value: '0.0.0.0' },
    { name: 'PGSSLMODE', value: 'verify-ca' },
    { name: 'NODE_OPTIONS', value: '--max-old-space-size=384' },
    { name: 'NODE_EXTRA_CA_CERTS', value: '/var/run/secrets/partitiond-ca/ca.crt' },
    { name: 'PARTITIOND_LOG_LEVEL', value: 'debug' },
  ]);
});

it('has a volume for every mount, and no more', async (context) => {
  const extras = {
    tls: { caSecret: { name: 'database-ca' } },
    extraVolumes: [{ name: 'notes', configMap: { name: 'notes' } }],
    extraVolumeMounts: [{ name: 'notes', mountPath: '/notes' }],
  };
  for (const values of [{}, extras]) {
    const { spec } = await application(context, values);
    expect(names(spec.volumes)).toEqual(names(spec.initContainers?.[0]?.['volumeMounts']));
  }
  expect(names((await application(context, extras)).spec.volumes)).toHaveLength(5);
});

it('reads the policy from a ConfigMap of the application, if it has one', async (context) => {
  const { objects } = await parent(context, { existingConfigMap: { name: 'from-elsewhere', key: 'p.yaml' } });
  expect(objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`)).toEqual(['Deployment/t-shop']);
  const [pod] = podsOf(objects);
  expect(pod?.spec.volumes?.[0]).toEqual({
    name: 'partitiond-config',
    configMap: { name: 'from-elsewhere', items: [{ key: 'p.yaml', path: 'partitiond.yaml' }] },
  });
});

it('brings the policy along otherwise, and nothing else of its own', async (context) => {
  const { config } = minimalValues;
  const { objects } = await parent(context, { config, existingConfigMap: { name: '' } });
  expect(objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`)).toEqual(['ConfigMap/t-partitiond', 'Deployment/t-shop']);
  const [pod] = podsOf(objects);
  expect(pod?.spec.volumes?.[0]).toMatchObject({ configMap: { name: 't-partitiond' } });
});

it('is left out by the condition of its parent, and brought along by it', async (context) => {
  const { code, stderr, objects } = await parent(context, { enabled: false });
  expect(code, stderr).toBe(0);
  const [pod] = podsOf(objects);
  expect(objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`)).toEqual(['Deployment/t-shop']);
  expect(Object.keys(pod?.spec ?? {})).not.toContain('initContainers');
  expect(names(pod?.spec.containers)).toEqual(['shop']);
  expect(await application(context, { enabled: true })).toEqual(await application(context));
});

it('says that it cannot switch itself off', async (context) => {
  const { code, stderr } = await renderChart(context, { set: { ...minimalValues, enabled: false } });
  expect(code).not.toBe(0);
  expect(stderr).toContain('enabled is false, which switches off nothing by itself; the chart around this one wants');
});

it('is not installed a second time beside itself', async (context) => {
  const { code, stderr } = await parent(context, { mode: 'deployment' });
  expect(code).not.toBe(0);
  expect(stderr).toContain('mode deployment would be two installations; set partitiond.mode to none');
});

it('wants to be told its policy', async (context) => {
  const { code, stderr } = await parent(context, { existingConfigMap: { name: '' } });
  expect(code).not.toBe(0);
  expect(stderr).toContain('set partitiond.config or partitiond.existingConfigMap.name');
});

it('does not let every pod of an application act on its own', async (context) => {
  const config = { ...minimalValues.config, leadership: { enabled: false } };
  const { databaseSecrets } = minimalValues;
  const { code, stderr } = await parent(context, { config, databaseSecrets, existingConfigMap: { name: '' } });
  expect(code).not.toBe(0);
  expect(stderr).toContain('config.leadership.enabled is false, and every pod with the sidecar would do the same at once');
});

it('leaves the pod to the application', async (context) => {
  const { spec } = await application(context, { nodeSelector: { disk: 'ssd' }, priorityClassName: 'high' });
  expect(Object.keys(spec).toSorted()).toEqual([
    'automountServiceAccountToken',
    'containers',
    'enableServiceLinks',
    'initContainers',
    'securityContext',
    'volumes',
  ]);
  expect(spec['securityContext']).toMatchObject({ runAsUser: 10_001 });
});
