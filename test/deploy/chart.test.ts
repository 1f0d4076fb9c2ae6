import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, expect, it, type TestContext } from 'vitest';
import { chartDocuments } from '../../scripts/docs-chart.ts';
import { deployTool, runTool } from '../support/deploy/deploy-tool.ts';
import { chartFolder, featureFiles, renderChart } from '../support/deploy/render-chart.ts';
import { validateManifests } from '../support/deploy/validate-manifests.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ptd-chart-'));
});
afterAll(async () => rm(folder, { recursive: true, force: true }));

/** Renders of all feature files in `folder`; by path of the render. */
async function renderAll(context: TestContext): Promise<readonly string[]> {
  const paths: string[] = [];
  for (const values of featureFiles()) {
    const { code, text, stderr } = await renderChart(context, { values });
    expect(code, `${values}: ${stderr}`).toBe(0);
    const path = join(folder, basename(values));
    await writeFile(path, text);
    paths.push(path);
  }
  return paths;
}

it('has a file of values for each of at least twelve features, which says what it is', () => {
  expect(featureFiles().length).toBeGreaterThanOrEqual(12);
  for (const file of featureFiles()) expect(readFileSync(file, 'utf8'), file).toMatch(/^# [A-Z`].+[.:]\n/);
});

it('passes the lint of helm with every feature file', async (context) => {
  const helm = deployTool(context, 'helm');
  for (const file of featureFiles()) {
    const { code, stdout, stderr } = await runTool(helm, ['lint', '--strict', '--kube-version', '1.33.0', chartFolder, '-f', file]);
    expect(code, `${file}: ${stdout}${stderr}`).toBe(0);
  }
});

it('renders the same objects with Helm 4', async (context) => {
  deployTool(context, 'helm4');
  for (const values of featureFiles()) {
    const [three, four] = await Promise.all([renderChart(context, { values }), renderChart(context, { values, helm: 'helm4' })]);
    expect(four.code, `${values}: ${four.stderr}`).toBe(0);
    const byName = (objects: typeof three.objects): readonly string[] => objects.map((object) => JSON.stringify(object)).toSorted();
    expect(byName(four.objects), values).toEqual(byName(three.objects));
  }
});

it('renders the same text twice', async (context) => {
  for (const values of featureFiles()) {
    const [once, again] = await Promise.all([renderChart(context, { values }), renderChart(context, { values })]);
    expect(again.text, values).toBe(once.text);
    expect(once.objects.length, values).toBeGreaterThan(0);
  }
});

it('has no YAML that yamllint objects to, in deploy, in the chart and in what it renders', async (context) => {
  const yamllint = deployTool(context, 'yamllint');
  const sources = ['deploy', `${chartFolder}/Chart.yaml`, `${chartFolder}/values.yaml`, `${chartFolder}/ci`];
  const own = await runTool(yamllint, ['-s', ...sources]);
  expect(own.stdout).toBe('');
  expect(own.code, own.stderr).toBe(0);
  // Nobody reads a render by eye: JSON of dashboards and folded expressions may be long, and lists come as the values had them.
  const rules = '{ line-length: disable, indentation: { spaces: 2, indent-sequences: whatever } }';
  const renders = await runTool(yamllint, ['-s', '-d', `{ extends: .yamllint.yaml, rules: ${rules} }`, ...(await renderAll(context))]);
  expect(renders.stdout).toBe('');
  expect(renders.code, renders.stderr).toBe(0);
});

it('renders what the oldest and the newest Kubernetes and the Prometheus operator accept', async (context) => {
  const renders = await renderAll(context);
  for (const version of ['1.29', '1.35'] as const) {
    const { code, stdout, stderr } = await validateManifests(context, version, renders);
    expect(code, `${version}: ${stdout}${stderr}`).toBe(0);
    expect(stdout.match(/OK/g), version).toHaveLength(renders.length);
  }
});

it('monitors nothing unless it is told to', async (context) => {
  for (const values of featureFiles()) {
    const isAsked = /^monitoring:/m.test(await readFile(values, 'utf8'));
    const { objects } = await renderChart(context, { values });
    const found = objects.filter(
      ({ apiVersion, metadata }) => apiVersion.startsWith('monitoring') || 'grafana_dashboard' in (metadata.labels ?? {}),
    );
    expect(found.length > 0, values).toBe(isAsked);
  }
});

it('ships the rules, dashboards and sidecar of deploy/, byte by byte', () => {
  const copies = chartDocuments.filter(({ path }) => path.startsWith(`${chartFolder}/files/`));
  const sources: Readonly<Record<string, string>> = {
    'files/partitiond.rules.yaml': 'deploy/prometheus/partitiond.rules.yaml',
    'files/sidecar-container.yaml': 'deploy/kubernetes/sidecar/container.yaml',
    'files/dashboards/overview.json': 'deploy/grafana/overview.json',
    'files/dashboards/table.json': 'deploy/grafana/table.json',
    'files/dashboards/daemon.json': 'deploy/grafana/daemon.json',
  };
  expect(copies.map(({ path }) => path.slice(chartFolder.length + 1)).toSorted()).toEqual(Object.keys(sources).toSorted());
  const differing = Object.entries(sources).filter(
    ([copy, source]) => !readFileSync(`${chartFolder}/${copy}`).equals(readFileSync(source)),
  );
  expect(differing).toEqual([]);
});
