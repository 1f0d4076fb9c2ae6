import { readFileSync } from 'node:fs';
import { expect, it, type TestContext } from 'vitest';
import { parse } from 'yaml';
import { chartFolder, featureFiles, type KubernetesObject, renderChart } from '../support/deploy/render-chart.ts';

interface Rule {
  readonly from?: readonly object[];
  readonly to?: readonly object[];
  readonly ports: readonly { readonly protocol: string; readonly port: number }[];
}
interface PolicySpec {
  readonly podSelector: { readonly matchLabels: Readonly<Record<string, string>> };
  readonly policyTypes: readonly string[];
  readonly ingress: readonly Rule[];
  readonly egress: readonly Rule[];
}

const file = `${chartFolder}/ci/network-policy-values.yaml`;
const given: { readonly networkPolicy: Readonly<Record<'metricsFrom' | 'databaseTo' | 'objectStoreTo' | 'dnsTo', readonly object[]>> } =
  parse(readFileSync(file, 'utf8'));

async function policies(context: TestContext, values: string, set?: unknown): Promise<readonly PolicySpec[]> {
  const { objects, stderr, code } = await renderChart(context, { values, ...(set === undefined ? {} : { set }) });
  expect(code, stderr).toBe(0);
  return objects.filter(({ kind }) => kind === 'NetworkPolicy').map(specOf);
}

const specOf = (object: KubernetesObject): PolicySpec => object['spec'] as PolicySpec;

it('lets out to DNS, the databases and the object store, and nowhere else', async (context) => {
  const [policy] = await policies(context, file);
  expect(policy?.policyTypes).toEqual(['Ingress', 'Egress']);
  const { dnsTo, databaseTo, objectStoreTo } = given.networkPolicy;
  expect(policy?.egress).toEqual([
    {
      to: dnsTo,
      ports: [
        { protocol: 'UDP', port: 53 },
        { protocol: 'TCP', port: 53 },
      ],
    },
    { to: databaseTo, ports: [{ protocol: 'TCP', port: 5433 }] },
    { to: objectStoreTo, ports: [{ protocol: 'TCP', port: 443 }] },
  ]);
});

it('lets in what reads metrics, and nobody to the admin port', async (context) => {
  const [policy] = await policies(context, file);
  expect(policy?.ingress).toEqual([{ from: given.networkPolicy.metricsFrom, ports: [{ protocol: 'TCP', port: 9788 }] }]);
});

it('lets nobody in where nobody is named, and where nothing listens', async (context) => {
  const [closed] = await policies(context, file, { networkPolicy: { metricsFrom: [] } });
  expect(closed?.ingress).toEqual([]);
  const [jobs] = await policies(context, file, { mode: 'cronjob' });
  expect(jobs?.ingress).toEqual([]);
});

it('leaves the object store out where none is given', async (context) => {
  const [policy] = await policies(context, file, { networkPolicy: { objectStoreTo: [] } });
  expect(policy?.egress.map(({ to }) => to)).toEqual([given.networkPolicy.dnsTo, given.networkPolicy.databaseTo]);
});

it('has no rule for everybody in any feature file, and is opt-in', async (context) => {
  let count = 0;
  for (const values of featureFiles()) {
    const found = await policies(context, values);
    const isAsked = /^networkPolicy:/m.test(readFileSync(values, 'utf8'));
    expect(found, values).toHaveLength(isAsked ? 1 : 0);
    for (const { ingress, egress } of found) {
      count += 1;
      const peers = [...ingress.map(({ from }) => from), ...egress.map(({ to }) => to)];
      expect(
        peers.every((some) => some !== undefined && some.length > 0),
        values,
      ).toBe(true);
      expect(
        peers.flat().every((peer) => Object.keys(peer ?? {}).length > 0),
        values,
      ).toBe(true);
      expect(
        [...ingress, ...egress].every(({ ports }) => ports.length > 0),
        values,
      ).toBe(true);
    }
  }
  expect(count).toBeGreaterThanOrEqual(3);
});

it('is about every pod of the release, Jobs among them', async (context) => {
  const values = file;
  const { objects } = await renderChart(context, { values, set: { migration: { enabled: true, args: ['doctor'] } } });
  const [policy] = objects.filter(({ kind }) => kind === 'NetworkPolicy').map(specOf);
  const selector = Object.entries(policy?.podSelector.matchLabels ?? {});
  const pods = objects.flatMap(podLabels);
  expect(pods.length).toBeGreaterThanOrEqual(3);
  for (const labels of pods) expect(Object.entries(labels)).toEqual(expect.arrayContaining(selector));
  expect(selector.length).toBeGreaterThan(0);
});

function podLabels(object: KubernetesObject): readonly Readonly<Record<string, string>>[] {
  if (object.kind === 'Pod') return [object.metadata.labels ?? {}];
  if (object.kind !== 'Deployment' && object.kind !== 'Job') return [];
  const { template } = object['spec'] as {
    readonly template: { readonly metadata: { readonly labels: Readonly<Record<string, string>> } };
  };
  return [template.metadata.labels];
}
