import { join } from 'node:path';
import type { TestContext } from 'vitest';
import { toolsFolder } from '../find-program.ts';
import { deployTool, runTool, type ToolRun } from './deploy-tool.ts';

export type SchemaVersion = '1.29' | '1.35';

/** What kubectl-validate brings itself ends with 1.32; newer schemas are files that `.ci/install-deploy-tools` has put there. */
const schemas: Readonly<Record<SchemaVersion, readonly string[]>> = {
  '1.29': ['--version', '1.29'],
  '1.35': ['--version', '1.32', '--local-schemas', join(toolsFolder, 'kubernetes-1.35')],
};

/**
 * Validates manifests against the schemas of a version of Kubernetes and of the Prometheus operator. `stdout` has a line with OK or ERROR for
 * each file, `stderr` the reasons; the exit code is 0 when all are valid. No cluster is asked, whatever the machine is connected to.
 */
export async function validateManifests(context: TestContext, version: SchemaVersion, paths: readonly string[]): Promise<ToolRun> {
  const validate = deployTool(context, 'kubectl-validate');
  const args = [...paths, ...schemas[version], '--local-crds', join(toolsFolder, 'operator-crds')];
  return runTool(validate, args, { env: { KUBECONFIG: '/dev/null' } });
}
