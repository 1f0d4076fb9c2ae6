import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, type TestContext } from 'vitest';
import { parse } from 'yaml';
import { sidecarDocuments } from '../../scripts/docs-sidecar.ts';
import { deployTool, runTool } from '../support/deploy/deploy-tool.ts';
import { type Container, podSpec, workloads } from '../support/deploy/pod.ts';
import { readObjects, renderChart } from '../support/deploy/render-chart.ts';

const folder = 'deploy/kubernetes';

async function source(): Promise<Container> {
  return parse(await readFile(`${folder}/sidecar/container.yaml`, 'utf8')) as Container;
}

async function kustomize(context: TestContext, path: string): Promise<string> {
  const { code, stdout, stderr } = await runTool(deployTool(context, 'kustomize'), ['build', path]);
  expect(code, stderr).toBe(0);
  return stdout;
}

function sidecars(text: string): readonly Container[] {
  return workloads(readObjects(text)).flatMap(
    (object) => podSpec(object).initContainers?.filter(({ name }) => name === 'partitiond') ?? [],
  );
}

it('starts before the application and ends after it: a native sidecar among the init containers', async () => {
  const container = await source();
  expect(container['restartPolicy']).toBe('Always');
  const [deployment] = workloads(readObjects(await readFile(`${folder}/sidecar/deployment.yaml`, 'utf8')));
  expect(deployment && podSpec(deployment).initContainers).toEqual([container]);
});

it('is alive or not, but never takes the application out of its Service and never delays its start', async () => {
  const container = await source();
  expect(container['livenessProbe']).toMatchObject({ httpGet: { path: '/livez', port: 'ptd-metrics' } });
  expect(container).not.toHaveProperty('readinessProbe');
  expect(container).not.toHaveProperty('startupProbe');
  expect(container['lifecycle']).toEqual({ preStop: { httpGet: { path: '/-/drain', port: 'ptd-admin' } } });
});

it('brings its own security context and resources, whatever the pod has', async () => {
  const container = await source();
  expect(container['securityContext']).toEqual({
    runAsNonRoot: true,
    runAsUser: 65532,
    runAsGroup: 65532,
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
    seccompProfile: { type: 'RuntimeDefault' },
  });
  expect(container['resources']).toEqual({ requests: { cpu: '10m', memory: '128Mi' }, limits: { memory: '256Mi' } });
});

it('names its ports in at most 15 characters, and its probes by those names', async () => {
  const { ports } = (await source()) as unknown as { readonly ports: readonly { readonly name: string; readonly containerPort: number }[] };
  expect(ports.map(({ name, containerPort }) => [name, containerPort])).toEqual([
    ['ptd-metrics', 9788],
    ['ptd-admin', 9789],
  ]);
  // Source: the names of ports follow IANA's service names, RFC 6335 section 5.1.
  for (const { name } of ports) expect(name).toMatch(/^(?=.{1,15}$)[a-z0-9]+(-[a-z0-9]+)*$/);
});

it('mounts nothing that the YAML to copy and the component do not define', async () => {
  const mounted = ((await source())['volumeMounts'] as readonly { readonly name: string }[]).map(({ name }) => name).toSorted();
  const texts = ['sidecar/deployment.yaml', 'components/sidecar/patch.yaml'].map((path) => readFile(`${folder}/${path}`, 'utf8'));
  for (const text of await Promise.all(texts)) {
    for (const object of workloads(readObjects(text))) {
      const { volumes = [] } = podSpec(object);
      expect(volumes.map(({ name }) => name).toSorted()).toEqual(mounted);
      for (const volume of volumes) if (volume.emptyDir !== undefined) expect(volume.emptyDir).toHaveProperty('sizeLimit');
    }
  }
});

it('comes to the pods of an example by Kustomize, ahead of its own init containers and in a Job as well', async (context) => {
  const text = await kustomize(context, `${folder}/examples/sidecar`);
  const container = await source();
  expect(sidecars(text)).toEqual([container, container]);
  const names = workloads(readObjects(text)).map((object) => [object.kind, podSpec(object).initContainers?.map(({ name }) => name)]);
  expect(names).toEqual([
    ['Deployment', ['partitiond', 'migrate']],
    ['Job', ['partitiond']],
  ]);
});

it('leaves alone what the application has, and workloads without the label', async (context) => {
  const place = await mkdtemp(join(tmpdir(), 'ptd-sidecar-'));
  try {
    await cp(folder, place, { recursive: true });
    const [path, label] = [join(place, 'examples/sidecar/job.yaml'), '  labels:\n    partitiond: sidecar\n'];
    const job = await readFile(path, 'utf8');
    expect(job).toContain(label);
    await writeFile(path, job.replace(label, ''));
    const objects = workloads(readObjects(await kustomize(context, join(place, 'examples/sidecar'))));
    const [deployment, unlabelled] = objects.map(podSpec);
    expect(unlabelled).not.toHaveProperty('initContainers');
    expect(unlabelled).not.toHaveProperty('volumes');
    const [own] = workloads(readObjects(await readFile(`${folder}/examples/sidecar/deployment.yaml`, 'utf8'))).map(podSpec);
    expect(deployment?.containers).toEqual(own?.containers);
    expect(deployment?.initContainers?.slice(1)).toEqual(own?.initContainers);
    expect(deployment?.volumes).toEqual(expect.arrayContaining([...(own?.volumes ?? [])]));
    const podLevel = ['securityContext', 'terminationGracePeriodSeconds', 'automountServiceAccountToken'];
    for (const key of podLevel) expect(deployment?.[key]).toEqual(own?.[key]);
  } finally {
    await rm(place, { recursive: true });
  }
});

it('is the same container from the chart', async (context) => {
  const parent = await renderChart(context, { chart: 'test/support/parent-chart' });
  expect(parent.code, parent.stderr).toBe(0);
  expect(sidecars(parent.text)).toEqual([await source()]);
});

it('stands in generated files that say so', async () => {
  const generated = sidecarDocuments.map(({ path }) => path);
  expect(generated).toContain(`${folder}/components/sidecar/patch.yaml`);
  expect(generated).toContain(`${folder}/sidecar/deployment.yaml`);
  for (const { path, render } of sidecarDocuments) {
    expect(await readFile(path, 'utf8')).toBe(render());
    expect(render()).toMatch(/^# Generated by `npm run docs` from \S+; do not edit\./);
  }
});
