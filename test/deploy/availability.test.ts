import { expect, it, type TestContext } from 'vitest';
import { chartFolder, type KubernetesObject, renderChart } from '../support/deploy/render-chart.ts';

interface Labels {
  readonly matchLabels: Readonly<Record<string, string>>;
}
interface DeploymentSpec {
  readonly replicas: number;
  readonly selector: Labels;
  readonly template: {
    readonly spec: {
      readonly topologySpreadConstraints: readonly {
        readonly maxSkew: number;
        readonly topologyKey: string;
        readonly whenUnsatisfiable: string;
        readonly labelSelector: Labels;
      }[];
    };
  };
}

const minimal = `${chartFolder}/ci/minimal-values.yaml`;

async function rendered(
  context: TestContext,
  set: unknown = {},
): Promise<{ budgets: readonly KubernetesObject[]; deployment: DeploymentSpec }> {
  const { objects, stderr, code } = await renderChart(context, { values: minimal, set });
  expect(code, stderr).toBe(0);
  const deployment = objects.find(({ kind }) => kind === 'Deployment');
  return { budgets: objects.filter(({ kind }) => kind === 'PodDisruptionBudget'), deployment: deployment?.['spec'] as DeploymentSpec };
}

it('lets one of two daemons be evicted at a time, and any that is not ready', async (context) => {
  const { budgets, deployment } = await rendered(context);
  expect(deployment.replicas).toBe(2);
  expect(budgets.map((budget) => budget['spec'])).toEqual([
    { maxUnavailable: 1, unhealthyPodEvictionPolicy: 'AlwaysAllow', selector: deployment.selector },
  ]);
});

it('has no budget for a single daemon, and none when told so', async (context) => {
  expect((await rendered(context, { replicaCount: 1 })).budgets).toEqual([]);
  expect((await rendered(context, { replicaCount: 0 })).budgets).toEqual([]);
  expect((await rendered(context, { podDisruptionBudget: { enabled: false } })).budgets).toEqual([]);
});

it('has no budget where there are no daemons', async (context) => {
  const { objects } = await renderChart(context, { values: minimal, set: { mode: 'cronjob' } });
  expect(objects.map(({ kind }) => kind)).toContain('CronJob');
  expect(objects.map(({ kind }) => kind)).not.toContain('PodDisruptionBudget');
});

it('spreads daemons over zones and nodes as far as there are any', async (context) => {
  const { deployment } = await rendered(context);
  const constraint = { maxSkew: 1, whenUnsatisfiable: 'ScheduleAnyway', labelSelector: deployment.selector };
  expect(deployment.template.spec.topologySpreadConstraints).toEqual([
    { ...constraint, topologyKey: 'topology.kubernetes.io/zone' },
    { ...constraint, topologyKey: 'kubernetes.io/hostname' },
  ]);
});

it('takes the spread that is given instead of its own', async (context) => {
  const given = [{ maxSkew: 2, topologyKey: 'rack', whenUnsatisfiable: 'DoNotSchedule' }];
  const { deployment } = await rendered(context, { topologySpreadConstraints: given });
  expect(deployment.template.spec.topologySpreadConstraints).toEqual(given);
});
