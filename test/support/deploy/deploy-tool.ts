import { spawn } from 'node:child_process';
import type { TestContext } from 'vitest';
import { findProgram } from '../find-program.ts';

/** What `.ci/install-deploy-tools` installs, by the name of the program. `promtool` and `prometheus` are the oldest that we support. */
export type DeployTool =
  | 'promtool'
  | 'prometheus'
  | 'promtool3'
  | 'prometheus3'
  | 'amtool'
  | 'prometheus-alertmanager'
  | 'helm'
  | 'helm4'
  | 'helm-unittest'
  | 'kubectl-validate'
  | 'kustomize'
  | 'dashboard-linter'
  | 'pint'
  | 'yamllint'
  | 'buildah';

export interface ToolRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The path of a tool; without it the rest of the test is skipped with a reason, or fails where REQUIRE_TOOLS=1. */
export function deployTool(context: TestContext, name: DeployTool): string {
  return findProgram(context, name, 'see CONTRIBUTING.md, Checks of deploy/ and helm/');
}

/** Runs a tool to its end; an exit code other than 0 is the caller's to judge. Rejects when it cannot be started. */
export async function runTool(
  path: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly input?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<ToolRun> {
  const child = spawn(path, [...args], { cwd: options.cwd, env: { ...process.env, ...options.env } });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdin.on('error', () => undefined).end(options.input ?? '');
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? 128, stdout, stderr }));
  });
}
