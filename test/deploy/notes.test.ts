import { expect, it, type TestContext } from 'vitest';
import { minimalValues, parentChart } from '../support/deploy/chart-renders.ts';
import { podsOf } from '../support/deploy/pods-of.ts';
import { type KubernetesObject, renderChart } from '../support/deploy/render-chart.ts';

interface Shown {
  readonly notes: string;
  readonly objects: readonly KubernetesObject[];
}

/** The notes of an installation, and its objects. `helm template` has no notes, so a chart around it renders them. */
async function install(context: TestContext, set: object, kubeVersion = '1.33.0'): Promise<Shown> {
  const values = { showNotes: true, partitiond: { mode: 'deployment', existingConfigMap: { name: '' }, ...minimalValues, ...set } };
  const { code, stderr, objects } = await renderChart(context, { chart: parentChart, set: values, kubeVersion });
  expect(code, stderr).toBe(0);
  const { data } = objects.find(({ metadata }) => metadata.name === 'notes') as unknown as { readonly data: { readonly notes: string } };
  return { notes: data.notes, objects: objects.filter(({ metadata }) => metadata.name !== 'notes') };
}

/** The policy of tables with these retentions, in place of the one of the parent chart. */
function policy(retentions: Readonly<Record<string, unknown>>, defaults: object = {}): object {
  const tables = Object.entries(retentions).map(([table, retention]) => ({
    table,
    interval: '1 day',
    ...(retention === undefined ? {} : { retention }),
  }));
  return { acknowledgeDataLoss: true, config: { defaults, databases: [{ ...minimalValues.config.databases[0], tables }] } };
}

function selectors(notes: string): readonly Readonly<Record<string, string>>[] {
  return [...notes.matchAll(/ -l (\S+)/g)].map(([, selector = '']) =>
    Object.fromEntries(selector.split(',').map((part) => part.split('='))),
  );
}

it('finds the daemons by the selector of the Deployment', async (context) => {
  const { notes, objects } = await install(context, { nameOverride: 'parts' });
  const { spec } = objects.find(({ kind }) => kind === 'Deployment') as unknown as {
    readonly spec: { readonly selector: { readonly matchLabels: object } };
  };
  const found = selectors(notes);
  expect(found.length).toBeGreaterThan(0);
  for (const selector of found) expect(selector).toEqual(spec.selector.matchLabels);
});

it('finds the Jobs of a CronJob, and their pods, by labels that both have', async (context) => {
  const { notes, objects } = await install(context, { mode: 'cronjob' });
  const cronjob = objects.find(({ kind }) => kind === 'CronJob') as unknown as {
    readonly spec: { readonly jobTemplate: { readonly metadata: { readonly labels: object } } };
  };
  const pod = podsOf(objects).find(({ owner }) => owner.startsWith('CronJob/'));
  expect(selectors(notes)).toHaveLength(2);
  for (const selector of selectors(notes)) {
    expect(cronjob.spec.jobTemplate.metadata.labels).toMatchObject(selector);
    expect(pod?.labels).toMatchObject(selector);
  }
});

it('names only objects and a namespace that the release has', async (context) => {
  for (const mode of ['deployment', 'cronjob']) {
    const { notes, objects } = await install(context, { mode, fullnameOverride: 'x'.repeat(53) });
    const named = [...notes.matchAll(/(deployment|cronjob)\/(\S+)/g)].map(([, kind, name]) => `${kind}/${name}`);
    const existing = objects.map(({ kind, metadata }) => `${kind.toLowerCase()}/${metadata.name}`);
    expect(named.length).toBeGreaterThan(0);
    for (const name of named) expect(existing).toContain(name);
    for (const [, name = ''] of notes.matchAll(/create job (\S+)/g)) expect(name.length).toBeLessThanOrEqual(63);
    for (const [line] of notes.matchAll(/^ +(kubectl|helm) .*$/gm)) expect(line).toMatch(/ -n ns( |$)/);
  }
});

it('says of each table what becomes of its old partitions, defaults included', async (context) => {
  const defaults = { retention: { keep: '10 days', action: 'drop', grace: '3 days' } };
  const retentions = {
    'public.inherits': undefined,
    'public.keeps_longer': { keep: '20 days' },
    'public.detaches': { action: 'detach' },
    'public.at_once': { grace: 0 },
    'public.everything': null,
  };
  const { notes } = await install(context, policy(retentions, defaults));
  for (const line of [
    'app: public.inherits keeps 10 days, then detaches and DROPS after 3 days',
    'app: public.keeps_longer keeps 20 days, then detaches and DROPS after 3 days',
    'app: public.detaches keeps 10 days, then detaches and keeps the table',
    'app: public.at_once keeps 10 days, then detaches and DROPS at once',
    'app: public.everything keeps everything',
  ]) {
    expect(notes).toContain(line);
  }
  const unwritten = await install(context, policy({ 'public.a': { keep: '5 days', action: 'drop' }, 'public.b': undefined }));
  expect(unwritten.notes).toContain('public.a keeps 5 days, then detaches and DROPS after 7 days');
  expect(unwritten.notes).toContain('public.b keeps everything');
});

it('points to the ConfigMap where the policy is in one of your own', async (context) => {
  const { notes } = await install(context, { config: {}, existingConfigMap: { name: 'policy', key: 'p.yaml' } });
  expect(notes).toContain('stands in ConfigMap policy, key p.yaml');
});

it('names each risky value, and none where all are safe', async (context) => {
  const repository = 'registry.internal/partitiond';
  const image = { repository, digest: `sha256:${'a'.repeat(64)}` };
  const networkPolicy = { enabled: true, databaseTo: [{ podSelector: {} }] };
  const safe = { image, networkPolicy, monitoring: { rules: { enabled: true } } };
  const risks: readonly (readonly [object, string])[] = [
    [policy({ 'public.a': { keep: '5 days', action: 'drop' } }), 'retention action drop'],
    [{ tls: { mode: 'disable' } }, 'tls.mode disable'],
    [{ tls: { mode: 'require' } }, 'tls.mode require'],
    [{ tls: { mode: 'verify-ca' } }, 'tls.mode verify-ca'],
    [{ replicaCount: 1 }, 'replicaCount 1'],
    [{ image: { repository, tag: '0.2.0' } }, 'image.tag 0.2.0'],
    [{ image: { ...image, repository: 'partitiond' } }, 'image.repository is still the default'],
    [{ networkPolicy: {} }, 'networkPolicy is off: any pod that reaches port 9789 .*; networkPolicy closes it'],
    [{ mode: 'none', networkPolicy: {} }, 'networkPolicy is off: any pod .*; close it by a NetworkPolicy of your own'],
    [{ monitoring: {} }, 'monitoring.rules is off'],
    [{ mode: 'cronjob', monitoring: {} }, 'mode cronjob: no metrics'],
  ];
  expect((await install(context, safe)).notes).not.toContain('Did you mean it?');
  for (const [set, text] of risks) {
    const { notes } = await install(context, { ...safe, ...set });
    const [, named = ''] = notes.split('Did you mean it?');
    expect(named.trim().split('\n'), named).toHaveLength(1);
    expect(named.trim()).toMatch(new RegExp(`^${text}`));
  }
});

it('never repeats where a database is', async (context) => {
  const [{ urlFile: _, ...database }] = minimalValues.config.databases;
  const { notes } = await install(context, { config: { databases: [{ ...database, url: 'postgres://app@db.internal/app' }] } });
  expect(notes).toContain('database app: its url stands in a ConfigMap');
  expect(notes).not.toContain('db.internal');
});

it('says what a sidecar loses before Kubernetes 1.29', async (context) => {
  expect((await install(context, { mode: 'none' }, '1.28.0')).notes).toMatch(
    /which has no native sidecars.*a Job that it runs in\s+never completes/s,
  );
  expect((await install(context, { mode: 'none' })).notes).not.toContain('native');
});
