import { expect, it, type TestContext } from 'vitest';
import { parse } from 'yaml';
import { minimalValues } from '../support/deploy/chart-renders.ts';
import { podsOf } from '../support/deploy/pods-of.ts';
import { renderChart } from '../support/deploy/render-chart.ts';

async function policyOf(context: TestContext, config: object): Promise<unknown> {
  const { code, stderr, objects } = await renderChart(context, { set: { ...minimalValues, config } });
  expect(code, stderr).toBe(0);
  const map = objects.find(({ kind }) => kind === 'ConfigMap') as unknown as { readonly data: Readonly<Record<string, string>> };
  expect(Object.keys(map.data)).toEqual(['partitiond.yaml']);
  return parse(map.data['partitiond.yaml'] ?? '');
}

it('hands the policy over as it was written: whole numbers, dates, names with braces, nothing', async (context) => {
  const [database] = minimalValues.config.databases;
  const config = {
    schedules: { provision: '*/10 * * * *', probe: false },
    databases: [
      {
        ...database,
        tables: [
          // Helm reads numbers as floats; a million must not become 1e+06.
          { table: 'public.ids', interval: 1_000_000, startFrom: 250_000_000, retention: { keep: 4_398_046_511_104, action: 'detach' } },
          { table: 'public."Odd ""name"""', interval: '1 quarter', startFrom: '2024-10-01', name: '{table}_{yyyy}_q{q}', retention: null },
        ],
      },
    ],
  };
  expect(await policyOf(context, config)).toEqual(config);
});

it('restarts the pods for a change of the policy only where that is asked for', async (context) => {
  const annotations = async (set: object): Promise<object> => {
    const { objects } = await renderChart(context, { set: { ...minimalValues, ...set } });
    return podsOf(objects)[0]?.annotations ?? expect.unreachable('no pod');
  };
  const [database] = minimalValues.config.databases;
  const changed = { config: { databases: [{ ...database, schema: 'maintenance' }] } };
  expect(await annotations({})).toEqual({});
  const [before, after] = [
    await annotations({ restartOnConfigChange: true }),
    await annotations({ restartOnConfigChange: true, ...changed }),
  ];
  expect(before).toEqual({ 'checksum/config': expect.stringMatching(/^[0-9a-f]{64}$/) as string });
  expect(after).not.toEqual(before);
});

it('reads the key of a ConfigMap of your own as the file that partitiond looks for', async (context) => {
  const { databaseSecrets } = minimalValues;
  const { objects } = await renderChart(context, { set: { existingConfigMap: { name: 'policy', key: 'p.yaml' }, databaseSecrets } });
  expect(objects.filter(({ kind }) => kind === 'ConfigMap')).toEqual([]);
  for (const { spec } of podsOf(objects)) {
    expect(spec.volumes?.[0]).toMatchObject({ configMap: { name: 'policy', items: [{ key: 'p.yaml', path: 'partitiond.yaml' }] } });
  }
});
