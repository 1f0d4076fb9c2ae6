import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { expect, it, type TestContext } from 'vitest';
import { parse, stringify } from 'yaml';
import { deployTool, runTool } from '../support/deploy/deploy-tool.ts';
import { type PodSpec, podSpec, workloads } from '../support/deploy/pod.ts';
import { type KubernetesObject, readObjects, renderChart } from '../support/deploy/render-chart.ts';
import { validateManifests } from '../support/deploy/validate-manifests.ts';
import { runPartitiond } from '../support/run-partitiond.ts';

const folder = 'deploy/kubernetes';
const builds = ['base', 'examples/monitored', 'examples/sidecar'];
const migrateJobs = `${folder}/migrate-job.yaml`;
const policies = builds.map((path) => `${folder}/${path}/partitiond.yaml`);

async function kustomize(context: TestContext, path: string): Promise<string> {
  const { code, stdout, stderr } = await runTool(deployTool(context, 'kustomize'), ['build', resolve(folder, path)]);
  expect(code, stderr).toBe(0);
  // Deprecated fields are told there, and nowhere else.
  expect(stderr).toBe('');
  return stdout;
}

function only(objects: readonly KubernetesObject[], kind: string): KubernetesObject {
  const [found, ...more] = objects.filter((object) => object.kind === kind);
  if (found === undefined || more.length > 0) throw new Error(`${more.length + (found ? 1 : 0)} objects of the kind ${kind}.`);
  return found;
}

it.for(['1.29', '1.35'] as const)('passes the schemas of Kubernetes %s and of the Prometheus operator', async (version, context) => {
  const place = await mkdtemp(join(tmpdir(), 'ptd-kubernetes-'));
  try {
    const built = await Promise.all(builds.map((path) => kustomize(context, path)));
    const copied = await readFile(`${folder}/sidecar/deployment.yaml`, 'utf8');
    const jobs = await readFile(migrateJobs, 'utf8');
    const files = [...built, copied, jobs].map((text, index) => [join(place, `${index}.yaml`), text] as const);
    for (const [path, text] of files) await writeFile(path, text);
    const paths = files.map(([path]) => path);
    const { code, stdout, stderr } = await validateManifests(context, version, paths);
    expect(code, stdout + stderr).toBe(0);
    // One line for each file: nothing was overlooked.
    for (const path of paths) expect(stdout).toContain(path);
    // And what is wrong is seen: a field that nobody knows, in the sidecar as in an object of the operator.
    const typos = [
      copied.replace('restartPolicy: Always', 'restartPolicies: Always'),
      (built[1] ?? '').replace('sampleLimit', 'sampleLimits'),
    ];
    for (const text of typos) {
      expect([copied, built[1]]).not.toContain(text);
      await writeFile(paths[0] ?? '', text);
      expect((await validateManifests(context, version, paths.slice(0, 1))).code).not.toBe(0);
    }
  } finally {
    await rm(place, { recursive: true });
  }
});

it('selects its pods, and allows one at a time to be evicted', async (context) => {
  const objects = readObjects(await kustomize(context, 'base'));
  expect(objects.map(({ kind }) => kind).toSorted()).toEqual(['ConfigMap', 'Deployment', 'PodDisruptionBudget', 'ServiceAccount']);
  const deployment = only(objects, 'Deployment') as unknown as {
    readonly spec: {
      readonly replicas: number;
      readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
      readonly template: { readonly metadata: { readonly labels: Readonly<Record<string, string>> } };
    };
  };
  const { matchLabels } = deployment.spec.selector;
  expect(deployment.spec.template.metadata.labels).toMatchObject(matchLabels);
  expect(deployment.spec.replicas).toBe(2);
  expect(only(objects, 'PodDisruptionBudget')['spec']).toEqual({
    maxUnavailable: 1,
    unhealthyPodEvictionPolicy: 'AlwaysAllow',
    selector: { matchLabels },
  });
  const spread = podSpec(only(objects, 'Deployment'))['topologySpreadConstraints'] as readonly Readonly<Record<string, unknown>>[];
  expect(spread.map(({ topologyKey }) => topologyKey)).toEqual(['topology.kubernetes.io/zone', 'kubernetes.io/hostname']);
  for (const { labelSelector } of spread) expect(labelSelector).toEqual({ matchLabels });
});

const chartValues = {
  config: {
    databases: [
      { name: 'app', urlFile: '/var/run/secrets/partitiond/app/url', tables: [{ table: 'public.revenues', interval: '1 quarter' }] },
    ],
  },
  databaseSecrets: { app: { secretName: 'app-partitiond', key: 'url' } },
};

async function chartPod(context: TestContext, set: object): Promise<PodSpec> {
  const rendered = await renderChart(context, { set });
  expect(rendered.code, rendered.stderr).toBe(0);
  return podSpec(only(rendered.objects, 'Deployment'));
}

it('is the pod of the chart', async (context) => {
  const own = podSpec(only(readObjects(await kustomize(context, 'base')), 'Deployment'));
  const chart = await chartPod(context, chartValues);
  const keys = ['securityContext', 'automountServiceAccountToken', 'enableServiceLinks', 'nodeSelector', 'terminationGracePeriodSeconds'];
  for (const key of keys) expect([key, own[key]]).toEqual([key, chart[key]]);
  expect(own.containers).toEqual(chart.containers);
  expect(own.volumes?.map(({ name }) => name)).toEqual(chart.volumes?.map(({ name }) => name));
});

it('migrates a table in Jobs whose pods are those of the daemon, and switches only when somebody says so', async (context) => {
  const daemon = podSpec(only(readObjects(await kustomize(context, 'base')), 'Deployment'));
  const jobs = readObjects(await readFile(migrateJobs, 'utf8'));
  const shared = ['securityContext', 'automountServiceAccountToken', 'enableServiceLinks', 'nodeSelector', 'volumes', 'serviceAccountName'];
  for (const job of jobs) {
    const pod = podSpec(job);
    for (const key of shared) expect([key, pod[key]]).toEqual([key, daemon[key]]);
    for (const key of ['image', 'securityContext', 'volumeMounts']) expect(pod.containers[0]?.[key]).toEqual(daemon.containers[0]?.[key]);
  }
  const told = jobs.map((job) => {
    const args = podSpec(job).containers[0]?.['args'] as readonly string[];
    return [args.slice(0, 2), (job['spec'] as { readonly suspend?: boolean }).suspend === true];
  });
  expect(told).toEqual([
    [['migrate', 'start'], false],
    [['migrate', 'switch'], true],
  ]);
});

/** A list without its order: Kustomize puts what it adds in front. */
function byName(list: unknown): readonly unknown[] {
  const name = (item: unknown): string => String((item as { readonly name: unknown }).name);
  return (list as readonly unknown[]).toSorted((a, b) => name(a).localeCompare(name(b)));
}

it('trusts an authority of your own with the component that says so, as a daemon and as a sidecar', async (context) => {
  const place = await mkdtemp(join(tmpdir(), 'ptd-kubernetes-'));
  try {
    await cp(folder, place, { recursive: true });
    for (const path of ['base', 'examples/sidecar']) {
      const { components = [], ...rest } = parse(await readFile(join(place, path, 'kustomization.yaml'), 'utf8')) as {
        components?: string[];
      };
      const ca = relative(join(place, path), join(place, 'components/ca'));
      await writeFile(join(place, path, 'kustomization.yaml'), stringify({ ...rest, components: [...components, ca] }));
    }
    const chart = await chartPod(context, { ...chartValues, tls: { caSecret: { name: 'partitiond-ca' } } });
    const texts = await Promise.all(['base', 'examples/sidecar'].map((path) => kustomize(context, join(place, path))));
    const pods = workloads(readObjects(texts.join('\n---\n'))).map(podSpec);
    expect(pods).toHaveLength(3);
    for (const pod of pods) {
      const own = [...pod.containers, ...(pod.initContainers ?? [])].find(({ name }) => name === 'partitiond');
      const [wanted] = chart.containers;
      for (const list of ['env', 'volumeMounts']) expect(byName(own?.[list])).toEqual(byName(wanted?.[list]));
      const [volume] = (chart.volumes ?? []).filter(({ name }) => name === 'partitiond-ca');
      expect(pod.volumes).toContainEqual(volume);
    }
  } finally {
    await rm(place, { recursive: true });
  }
});

it('needs neither roles nor secrets of its own, and mounts whole folders', async (context) => {
  for (const path of builds) {
    const text = await kustomize(context, path);
    expect(readObjects(text).filter(({ kind }) => /Role|^Secret$/.test(kind))).toEqual([]);
    expect(text).not.toMatch(/subPath|secretKeyRef|password: [^ ]|postgres(ql)?:\/\/[^ ]*:[^ ]*@/i);
    for (const object of workloads(readObjects(text))) expect(podSpec(object)['automountServiceAccountToken']).toBe(false);
  }
});

it('reaches whoever watches it: the monitor names a port and labels that the pods have', async (context) => {
  const objects = readObjects(await kustomize(context, 'examples/monitored'));
  const { spec } = only(objects, 'PodMonitor') as unknown as {
    readonly spec: {
      readonly sampleLimit: number;
      readonly selector: { readonly matchExpressions: readonly { readonly key: string; readonly values: readonly string[] }[] };
      readonly podMetricsEndpoints: readonly { readonly port: string; readonly relabelings: readonly object[] }[];
    };
  };
  const sidecar = readObjects(await kustomize(context, 'examples/sidecar'));
  const pods = workloads([...objects, ...sidecar]).map((object) => ({
    labels: (object as unknown as { readonly spec: { readonly template: { readonly metadata: { readonly labels: object } } } }).spec
      .template.metadata.labels,
    ports: [...podSpec(object).containers, ...(podSpec(object).initContainers ?? [])].flatMap(({ ports }) => ports ?? []),
  }));
  const [chosen] = spec.selector.matchExpressions;
  expect(chosen?.key).toBe('partitiond');
  expect(pods).toHaveLength(3);
  const [endpoint] = spec.podMetricsEndpoints;
  for (const { labels, ports } of pods) {
    expect(chosen?.values).toContain((labels as Readonly<Record<string, string>>)['partitiond']);
    expect(ports).toContainEqual(expect.objectContaining({ name: endpoint?.port, containerPort: 9788 }));
  }
  expect(endpoint?.relabelings).toContainEqual({ action: 'replace', targetLabel: 'job', replacement: 'partitiond' });
  // Above `metrics.maxSeries`, or a scrape of a full exporter would be refused.
  expect(spec.sampleLimit).toBeGreaterThan(50_000);
});

it('wraps the rules as they are in deploy/prometheus', async (context) => {
  const rule = only(readObjects(await kustomize(context, 'examples/monitored')), 'PrometheusRule');
  const [file] = readObjects(await readFile('deploy/prometheus/partitiond.rules.yaml', 'utf8'));
  expect(rule['spec']).toEqual(file);
});

it.for(policies)('brings an example policy that partitiond accepts: %s', async (path) => {
  const { exitCode, stderr } = await runPartitiond(['validate', '--config', path]);
  expect(exitCode, stderr).toBe(0);
});
