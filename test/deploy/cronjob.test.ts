import { expect, it, type TestContext } from 'vitest';
import { minimalValues } from '../support/deploy/chart-renders.ts';
import { podsOf } from '../support/deploy/pods-of.ts';
import { type KubernetesObject, renderChart } from '../support/deploy/render-chart.ts';

const cronjobValues = { ...minimalValues, mode: 'cronjob' };

interface CronJobSpec {
  readonly jobTemplate: { readonly spec: JobSpec };
  readonly [key: string]: unknown;
}

interface JobSpec {
  readonly podFailurePolicy: { readonly rules: readonly object[] };
  readonly [key: string]: unknown;
}

async function objects(context: TestContext, set: object): Promise<readonly KubernetesObject[]> {
  const { code, stderr, objects: found } = await renderChart(context, { set });
  expect(code, stderr).toBe(0);
  return found;
}

async function cronjob(context: TestContext, set: object = cronjobValues): Promise<CronJobSpec> {
  const found = (await objects(context, set)).find(({ kind }) => kind === 'CronJob');
  return (found?.['spec'] as CronJobSpec | undefined) ?? expect.unreachable('no CronJob');
}

it('never runs twice at a time, begins in time or not at all, and ends', async (context) => {
  const { jobTemplate, ...spec } = await cronjob(context);
  expect(spec).toMatchObject({ schedule: '*/15 * * * *', timeZone: 'Etc/UTC', concurrencyPolicy: 'Forbid', startingDeadlineSeconds: 300 });
  expect(jobTemplate.spec).toMatchObject({ activeDeadlineSeconds: 3600, ttlSecondsAfterFinished: 86_400, backoffLimit: 2 });
});

it('does not try again what another try cannot mend, and does not count an eviction', async (context) => {
  const { podFailurePolicy } = (await cronjob(context)).jobTemplate.spec;
  expect(podFailurePolicy.rules).toEqual([
    { action: 'FailJob', onExitCodes: { containerName: 'partitiond', operator: 'In', values: [2, 5, 64, 70] } },
    { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
  ]);
  const [pod] = podsOf(await objects(context, cronjobValues));
  // Source: kubernetes.io/docs/concepts/workloads/controllers/job (Pod failure policy): only with restartPolicy Never.
  expect(pod?.spec['restartPolicy']).toBe('Never');
  expect(pod?.spec.containers.map(({ name }) => name)).toEqual(['partitiond']);
});

it('applies the tasks that are asked for', async (context) => {
  const [pod] = podsOf(await objects(context, { ...cronjobValues, cronjob: { only: ['provision', 'retention'] } }));
  expect(pod?.spec.containers[0]?.['args']).toEqual(['apply', '--only', 'provision,retention']);
});

it('is all that runs: no Deployment, no disruption budget, no Service', async (context) => {
  const kinds = (await objects(context, cronjobValues)).map(({ kind }) => kind);
  expect(kinds.toSorted()).toEqual(['ConfigMap', 'CronJob', 'Pod', 'ServiceAccount']);
  const daemons = (await objects(context, minimalValues)).map(({ kind }) => kind);
  expect(daemons).toContain('Deployment');
  expect(daemons).not.toContain('CronJob');
});

it('migrates before anything of the release exists, with a policy and an account of its own', async (context) => {
  const set = { ...minimalValues, migration: { enabled: true, args: ['validate'] }, serviceAccount: { annotations: { role: 'archive' } } };
  const hooks = (await objects(context, set)).filter(({ metadata }) => annotation(metadata, 'helm.sh/hook')?.includes('pre-install'));
  expect(
    hooks.map(({ kind, metadata }) => [kind, annotation(metadata, 'helm.sh/hook'), annotation(metadata, 'helm.sh/hook-weight')]),
  ).toEqual([
    ['ServiceAccount', 'pre-install,pre-upgrade', '-10'],
    ['ConfigMap', 'pre-install,pre-upgrade', '-10'],
    ['Job', 'pre-install,pre-upgrade', '0'],
  ]);
  const [account, configMap] = hooks;
  const [pod] = podsOf(hooks);
  expect(pod?.spec['serviceAccountName']).toBe(account?.metadata.name);
  expect(account && annotation(account.metadata, 'role')).toBe('archive');
  expect(pod?.spec.volumes?.[0]).toMatchObject({ configMap: { name: configMap?.metadata.name } });
  expect(pod?.spec.containers[0]?.['args']).toEqual(['validate']);
  for (const { metadata } of hooks) {
    expect(annotation(metadata, 'helm.sh/hook-delete-policy')).toBe('before-hook-creation,hook-succeeded');
  }
});

it('migrates with the ConfigMap and the account that are there already, where they are given', async (context) => {
  const { databaseSecrets } = minimalValues;
  const given = { existingConfigMap: { name: 'policy' }, serviceAccount: { create: false, name: 'ours' }, databaseSecrets };
  const found = await objects(context, { ...given, migration: { enabled: true, args: ['validate'] } });
  expect(found.map(({ kind }) => kind).toSorted()).toEqual(['Deployment', 'Job', 'Pod', 'PodDisruptionBudget']);
  for (const { spec } of podsOf(found)) {
    expect(spec['serviceAccountName']).toBe('ours');
    expect(spec.volumes?.[0]).toMatchObject({ configMap: { name: 'policy' } });
  }
});

it('tests by looking at what would be done', async (context) => {
  const test = (await objects(context, cronjobValues)).find(({ metadata }) => annotation(metadata, 'helm.sh/hook') === 'test');
  expect(test).toMatchObject({ kind: 'Pod', spec: { restartPolicy: 'Never', activeDeadlineSeconds: 300 } });
  const [pod] = podsOf(test === undefined ? [] : [test]);
  expect(pod?.spec.containers[0]?.['args']).toEqual(['plan']);
});

function annotation(metadata: KubernetesObject['metadata'], name: string): string | undefined {
  return (metadata as { readonly annotations?: Readonly<Record<string, string>> }).annotations?.[name];
}
