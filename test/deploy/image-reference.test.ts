import { readFile } from 'node:fs/promises';
import { expect, it, type TestContext } from 'vitest';
import { parse } from 'yaml';
import { everyRender, minimalValues, parentChart } from '../support/deploy/chart-renders.ts';
import { podsOf } from '../support/deploy/pods-of.ts';
import { chartFolder, type KubernetesObject, renderChart } from '../support/deploy/render-chart.ts';

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;

/** The images that partitiond runs from, wherever it does, once each. */
function images(objects: readonly KubernetesObject[]): readonly string[] {
  const containers = podsOf(objects).flatMap(({ spec }) => [...(spec.initContainers ?? []), ...spec.containers]);
  return [...new Set(containers.filter(({ name }) => name === 'partitiond').map(({ image }) => image))];
}

async function imagesOf(context: TestContext, image: object): Promise<readonly string[]> {
  const set = { ...minimalValues, migration: { enabled: true, args: ['validate'] }, image };
  const parent = { chart: parentChart, set: { partitiond: { image } } };
  const [own, inParent] = [await renderChart(context, { set }), await renderChart(context, parent)];
  expect(own.stderr + own.code + inParent.code).toMatch(/00$/);
  expect(images(inParent.objects)).toEqual(images(own.objects));
  return images(own.objects);
}

it('takes the version of the chart without a tag', async (context) => {
  const { appVersion } = parse(await readFile(`${chartFolder}/Chart.yaml`, 'utf8')) as { readonly appVersion: string };
  expect(await imagesOf(context, {})).toEqual([`partitiond:${appVersion}`]);
});

it('takes a tag, and a digest before a tag, in daemon, Jobs, test and sidecar alike', async (context) => {
  expect(await imagesOf(context, { repository: 'mirror.example/partitiond', tag: '0.2.0' })).toEqual(['mirror.example/partitiond:0.2.0']);
  expect(await imagesOf(context, { tag: '0.2.0', digest })).toEqual([`partitiond@${digest}`]);
});

it('is never whatever was pushed last', async (context) => {
  const found = (await everyRender(context)).flatMap(({ objects }) => images(objects));
  expect(found.length).toBeGreaterThan(0);
  for (const image of found) {
    expect(image).toMatch(/(:[^:/@]+|@sha256:[0-9a-f]{64})$/);
    expect(image).not.toMatch(/:latest$/);
  }
});
