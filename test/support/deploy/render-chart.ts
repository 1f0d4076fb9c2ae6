import { readdirSync } from 'node:fs';
import type { TestContext } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { type DeployTool, deployTool, runTool } from './deploy-tool.ts';

/** One rendered object of Kubernetes; what is inside is read by the test that knows it. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly [key: string]: unknown;
}

export interface RenderOptions {
  /** Path of a values file, from the project's root. */
  readonly values?: string;
  /** Values on top of the file, as JSON: they go to helm through its standard input. */
  readonly set?: unknown;
  readonly chart?: string;
  readonly release?: string;
  readonly kubeVersion?: string;
  readonly helm?: DeployTool & `helm${string}`;
  /** Further arguments, such as `--show-only`. */
  readonly args?: readonly string[];
}

export interface Rendered {
  readonly code: number;
  readonly text: string;
  readonly stderr: string;
  readonly objects: readonly KubernetesObject[];
}

export const chartFolder = 'helm/partitiond';

/** The feature files of the chart, one per feature, from the project's root. */
export function featureFiles(): readonly string[] {
  const names = readdirSync(`${chartFolder}/ci`).filter((name) => name.endsWith('-values.yaml'));
  return names.toSorted().map((name) => `${chartFolder}/ci/${name}`);
}

/** `helm template`: release `t` in namespace `ns` for Kubernetes 1.33 unless told otherwise. A refusal is an exit code, not an exception. */
export async function renderChart(context: TestContext, options: RenderOptions): Promise<Rendered> {
  const helm = deployTool(context, options.helm ?? 'helm');
  const files = [...(options.values === undefined ? [] : ['-f', options.values]), ...(options.set === undefined ? [] : ['-f', '-'])];
  const name = [options.release ?? 't', options.chart ?? chartFolder, '-n', 'ns'];
  const args = ['template', ...name, '--kube-version', options.kubeVersion ?? '1.33.0', ...files, ...(options.args ?? [])];
  const { code, stdout, stderr } = await runTool(helm, args, { input: options.set === undefined ? '' : JSON.stringify(options.set) });
  return { code, text: stdout, stderr, objects: code === 0 ? readObjects(stdout) : [] };
}

/** The objects of a YAML stream, empty documents left out. Throws at what is not YAML. */
export function readObjects(text: string): readonly KubernetesObject[] {
  return [...parseAllDocuments(text)].flatMap((document) => {
    const [problem] = document.errors;
    if (problem !== undefined) throw problem;
    const value: KubernetesObject | null = document.toJS();
    return value === null ? [] : [value];
  });
}
