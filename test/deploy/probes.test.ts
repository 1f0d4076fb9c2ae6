import { expect, it, type TestContext } from 'vitest';
import { everyRender, minimalValues, parentChart } from '../support/deploy/chart-renders.ts';
import type { Container } from '../support/deploy/pod.ts';
import { podsOf } from '../support/deploy/pods-of.ts';
import { renderChart } from '../support/deploy/render-chart.ts';

const drain = { preStop: { httpGet: { path: '/-/drain', port: 'ptd-admin' } } };

async function container(context: TestContext, set: object = minimalValues): Promise<Container> {
  const { code, stderr, objects } = await renderChart(context, { set });
  expect(code, stderr).toBe(0);
  const [found] = podsOf(objects).flatMap(({ spec }) => spec.containers);
  return found ?? expect.unreachable('no container');
}

async function sidecar(context: TestContext): Promise<Container> {
  const { objects } = await renderChart(context, { chart: parentChart });
  const [found] = podsOf(objects).flatMap(({ spec }) => spec.initContainers ?? []);
  return found ?? expect.unreachable('no sidecar');
}

it('asks the daemon whether it lives and whether it is ready, never a database', async (context) => {
  expect(await container(context)).toMatchObject({
    livenessProbe: { httpGet: { path: '/livez', port: 'ptd-metrics' } },
    startupProbe: { httpGet: { path: '/livez', port: 'ptd-metrics' } },
    readinessProbe: { httpGet: { path: '/readyz', port: 'ptd-metrics' } },
    lifecycle: drain,
  });
});

it('gives a slow start a minute, and a daemon that answers no more another one', async (context) => {
  const { livenessProbe, startupProbe } = (await container(context)) as unknown as Record<'livenessProbe' | 'startupProbe', Probe>;
  for (const { periodSeconds, failureThreshold, timeoutSeconds } of [livenessProbe, startupProbe]) {
    expect(periodSeconds * failureThreshold).toBe(60);
    expect(timeoutSeconds).toBe(5);
  }
});

it('drains before it ends, in the Deployment and as a sidecar, within the grace period', async (context) => {
  const { objects } = await renderChart(context, { set: minimalValues });
  expect((await sidecar(context))['lifecycle']).toEqual(drain);
  const [pod] = podsOf(objects);
  // Drain takes 15 s at most, 25 s with what follows SIGTERM; the grace period covers both.
  expect(pod?.spec['terminationGracePeriodSeconds']).toBeGreaterThanOrEqual(30);
});

it('asks a sidecar only whether it lives: the application must not wait for it, nor leave its Service', async (context) => {
  const found = await sidecar(context);
  expect(found['livenessProbe']).toEqual((await container(context))['livenessProbe']);
  expect(found).not.toHaveProperty('readinessProbe');
  expect(found).not.toHaveProperty('startupProbe');
});

it('asks by ports that the container names, and starts no program in it, as there is no shell', async (context) => {
  const withProbes = (await everyRender(context))
    .flatMap(({ objects }) => podsOf(objects))
    .flatMap(({ spec }) => [...(spec.initContainers ?? []), ...spec.containers])
    .filter(({ name, ...rest }) => name === 'partitiond' && 'livenessProbe' in rest);
  expect(withProbes.length).toBeGreaterThan(0);
  for (const { livenessProbe, startupProbe, readinessProbe, lifecycle, ports } of withProbes) {
    const asked = JSON.stringify([livenessProbe, startupProbe, readinessProbe, lifecycle]);
    expect(asked).not.toMatch(/exec|tcpSocket|"port":\d/);
    expect(ports).toEqual([
      { name: 'ptd-metrics', containerPort: 9788, protocol: 'TCP' },
      { name: 'ptd-admin', containerPort: 9789, protocol: 'TCP' },
    ]);
  }
});

it('asks nothing of a Job, which serves nothing', async (context) => {
  const job = await container(context, { ...minimalValues, mode: 'cronjob' });
  for (const key of ['livenessProbe', 'startupProbe', 'readinessProbe', 'lifecycle', 'ports']) expect(job).not.toHaveProperty(key);
});

interface Probe {
  readonly periodSeconds: number;
  readonly failureThreshold: number;
  readonly timeoutSeconds: number;
}
