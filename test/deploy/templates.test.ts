import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { deployTool, runTool } from '../support/deploy/deploy-tool.ts';
import { chartFolder } from '../support/deploy/render-chart.ts';

interface Suite {
  readonly suite: string;
  readonly templates: readonly string[];
  readonly tests: readonly { readonly it: string; readonly asserts: readonly object[] }[];
}

const suites: readonly Suite[] = readdirSync(`${chartFolder}/tests`)
  .filter((name) => name.endsWith('_test.yaml'))
  .flatMap((name) => parseAllDocuments(readFileSync(`${chartFolder}/tests/${name}`, 'utf8')).map((document): Suite => document.toJS()));

it('passes its suites in helm-unittest', async (context) => {
  const { code, stdout, stderr } = await runTool(deployTool(context, 'helm-unittest'), ['--strict', chartFolder]);
  expect(code, `${stdout}${stderr}`).toBe(0);
  expect(stdout).toMatch(/Tests:\s+[1-9][0-9]* passed/);
});

it('asserts at least sixty things', () => {
  expect(suites.flatMap(({ tests }) => tests).flatMap(({ asserts }) => asserts).length).toBeGreaterThanOrEqual(60);
});

it('has a suite for every template', () => {
  const templates = readdirSync(`${chartFolder}/templates`, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.(yaml|txt)$/.test(name),
  );
  const tested = new Set(suites.flatMap((suite) => suite.templates.map((name) => name.replace(/^templates\//, ''))));
  expect(templates.length).toBeGreaterThanOrEqual(13);
  expect(templates.filter((name) => !tested.has(name))).toEqual([]);
});

it('has a sentence for every test of a suite, and no test without an assertion', () => {
  const tests = suites.flatMap(({ suite, tests: inner }) => inner.map((test) => ({ ...test, name: `${suite}: ${test.it}` })));
  expect(new Set(tests.map(({ name }) => name)).size).toBe(tests.length);
  for (const { name, asserts } of tests) expect(asserts.length, name).toBeGreaterThan(0);
});
