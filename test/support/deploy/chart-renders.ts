import type { TestContext } from 'vitest';
import { deployTool } from './deploy-tool.ts';
import { featureFiles, type KubernetesObject, renderChart } from './render-chart.ts';

/** A policy and the secret that its URL comes from: the least that the chart asks for. */
export const minimalValues = {
  config: {
    databases: [
      {
        name: 'app',
        urlFile: '/var/run/secrets/partitiond/app/url',
        tables: [{ table: 'public.revenues', interval: '1 quarter', retention: { keep: '12 quarters', action: 'detach' } }],
      },
    ],
  },
  databaseSecrets: { app: { secretName: 'app-database' } },
} as const;

/** Where an application's chart brings partitiond along. */
export const parentChart = 'test/support/parent-chart';

/** By name: ways to install that lead to each kind of pod, beside the feature files of the chart. */
const variants: Readonly<Record<string, object>> = {
  deployment: minimalValues,
  'one replica': { ...minimalValues, replicaCount: 1 },
  cronjob: { ...minimalValues, mode: 'cronjob' },
  'migration job': { ...minimalValues, migration: { enabled: true, args: ['validate'] } },
  'existing ConfigMap': { existingConfigMap: { name: 'policy', key: 'p.yaml' }, databaseSecrets: minimalValues.databaseSecrets },
  'own authority': { ...minimalValues, tls: { caSecret: { name: 'database-ca' } } },
};

/** One render of the chart, or of the chart of an application that has it as a sidecar. */
export interface NamedRender {
  readonly name: string;
  readonly text: string;
  readonly objects: readonly KubernetesObject[];
}

let rendered: Promise<readonly NamedRender[]> | undefined;

/**
 * Renders of the variants above, of every feature file, and of the parent chart; made once for all tests of a file. A render that fails
 * throws with what helm said.
 */
export async function everyRender(context: TestContext): Promise<readonly NamedRender[]> {
  deployTool(context, 'helm');
  rendered ??= renderAll(context);
  return rendered;
}

async function renderAll(context: TestContext): Promise<readonly NamedRender[]> {
  const ofVariants = Object.entries(variants).map(([name, set]) => ({ name, options: { set } }));
  const ofFiles = featureFiles().map((values) => ({ name: values, options: { values } }));
  const wanted = [...ofVariants, ...ofFiles, { name: parentChart, options: { chart: parentChart } }];
  return Promise.all(
    wanted.map(async ({ name, options }) => {
      const { code, text, stderr, objects } = await renderChart(context, options);
      if (code !== 0) throw new Error(`${name}: ${stderr}`);
      return { name, text, objects };
    }),
  );
}
