import { expect, it } from 'vitest';
import { everyRender, minimalValues, parentChart } from '../support/deploy/chart-renders.ts';
import type { Container, PodSpec } from '../support/deploy/pod.ts';
import { podsOf } from '../support/deploy/pods-of.ts';
import { type KubernetesObject, renderChart } from '../support/deploy/render-chart.ts';
import { containerProblems, restrictedProblems } from '../support/deploy/restricted-profile.ts';

it('passes "restricted" with a read-only root and no token, in every container of every pod that it renders', async (context) => {
  const renders = await everyRender(context);
  const found = renders.flatMap(({ name, objects }) =>
    podsOf(objects).map(({ owner, spec }) => ({ pod: `${name}: ${owner}`, problems: restrictedProblems(spec) })),
  );
  expect(found.filter(({ problems }) => problems.length > 0)).toEqual([]);
  const pods = found.map(({ pod }) => pod).join('\n');
  for (const kind of ['CronJob', 'Deployment', 'Job', 'Pod']) expect(pods).toContain(` ${kind}/`);
});

it('passes as a sidecar whatever the pod around it says', async (context) => {
  const { objects } = await renderChart(context, { chart: parentChart });
  const [pod] = podsOf(objects);
  const [sidecar] = pod?.spec.initContainers ?? [];
  expect(sidecar && containerProblems(sidecar)).toEqual([]);
});

it('would tell of every way to be less than restricted', () => {
  const container: Container = { name: 'c', image: 'i' };
  const pod: PodSpec = { containers: [container], hostNetwork: true, volumes: [{ name: 'v', hostPath: {} } as never] };
  expect(restrictedProblems(pod)).toEqual([
    'the pod has hostNetwork',
    'the pod gets a token',
    'the pod gets variables of every Service',
    'volume v is hostPath',
    'c may gain privileges',
    'c can write to its root',
    'c may run as root',
    'c has no user of its own',
    'c keeps capabilities',
    'c has no seccomp profile',
  ]);
  expect(restrictedProblems({ containers: [], volumes: [{ name: 'tmp', emptyDir: {} }] })).toContain('volume tmp may fill the node');
});

it('asks for no right in the cluster: no Role, no binding, no Secret of its own', async (context) => {
  const kinds = (await everyRender(context)).flatMap(({ objects }) => objects.map(({ kind }) => kind));
  expect(kinds).toContain('ServiceAccount');
  expect(kinds.filter((kind) => /Role|Secret/.test(kind))).toEqual([]);
});

it('gives its service account no token either', async (context) => {
  const { objects } = await renderChart(context, { set: { ...minimalValues, migration: { enabled: true, args: ['validate'] } } });
  const accounts = objects.filter(({ kind }) => kind === 'ServiceAccount');
  expect(accounts.map(({ automountServiceAccountToken }) => automountServiceAccountToken)).toEqual([false, false]);
});

it('never shows a password, and hands secrets over as files only', async (context) => {
  for (const { name, text, objects } of await everyRender(context)) {
    expect(text, name).not.toMatch(/password: [^ ]|postgres(ql)?:\/\/[^ ]*:[^ ]*@/i);
    expect(keysOf(objects), name).not.toContain('secretKeyRef');
    expect(keysOf(objects), name).not.toContain('envFrom');
  }
});

it('mounts whole directories, which follow a change, and never a subPath, which does not', async (context) => {
  const keys = keysOf((await everyRender(context)).flatMap(({ objects }) => objects));
  expect(keys).toContain('mountPath');
  expect(keys).not.toContain('subPath');
  expect(keys).not.toContain('subPathExpr');
});

it('mounts each secret of a database as NAME/url, with the key that the secret has', async (context) => {
  const databaseSecrets = { app: { secretName: 'one' }, 'audit-log': { secretName: 'two', key: 'uri' } };
  const { objects } = await renderChart(context, { set: { ...minimalValues, databaseSecrets } });
  const [pod] = podsOf(objects);
  expect(pod?.spec.volumes).toContainEqual({
    name: 'partitiond-database',
    projected: {
      sources: [
        { secret: { name: 'one', items: [{ key: 'url', path: 'app/url' }] } },
        { secret: { name: 'two', items: [{ key: 'uri', path: 'audit-log/url' }] } },
      ],
    },
  });
  const mounts = pod?.spec.containers[0]?.['volumeMounts'];
  expect(mounts).toContainEqual({ name: 'partitiond-database', mountPath: '/var/run/secrets/partitiond', readOnly: true });
});

it('asks who the server is, unless told otherwise', async (context) => {
  expect(await environment(context, minimalValues)).toMatchObject({ PGSSLMODE: 'verify-full' });
  expect(await environment(context, { ...minimalValues, tls: { mode: 'require' } })).toMatchObject({ PGSSLMODE: 'require' });
});

it('brings an authority of your own to Node.js, from a mount of its own', async (context) => {
  const set = { ...minimalValues, tls: { caSecret: { name: 'database-ca', key: 'tls.crt' } } };
  const { NODE_EXTRA_CA_CERTS: file } = await environment(context, set);
  expect(file).toBe('/var/run/secrets/partitiond-ca/ca.crt');
  const [pod] = podsOf((await renderChart(context, { set })).objects);
  const secret = { secretName: 'database-ca', items: [{ key: 'tls.crt', path: 'ca.crt' }] };
  expect(pod?.spec.volumes).toContainEqual({ name: 'partitiond-ca', secret });
  const mounts = pod?.spec.containers[0]?.['volumeMounts'];
  expect(mounts).toContainEqual({ name: 'partitiond-ca', mountPath: '/var/run/secrets/partitiond-ca', readOnly: true });
  expect(await environment(context, minimalValues)).not.toHaveProperty('NODE_EXTRA_CA_CERTS');
});

async function environment(context: Parameters<typeof renderChart>[0], set: object): Promise<Record<string, string>> {
  const [pod] = podsOf((await renderChart(context, { set })).objects);
  const entries = (pod?.spec.containers[0]?.['env'] ?? []) as readonly { readonly name: string; readonly value: string }[];
  return Object.fromEntries(entries.map(({ name, value }) => [name, value]));
}

/** The keys at every level of the objects. */
function keysOf(objects: readonly KubernetesObject[]): readonly string[] {
  const keys = new Set<string>();
  JSON.parse(JSON.stringify(objects), (key, value: unknown) => {
    keys.add(key);
    return value;
  });
  return [...keys];
}
