import { join } from 'node:path';
import { toolsFolder } from '../find-program.ts';

/**
 * The arguments with which kubectl-validate judges by one version of Kubernetes and by the Prometheus operator, without a network. It
 * brings schemas up to 1.32 itself; those of 1.35 are files that `.ci/install-deploy-tools` has fetched, and go before its own.
 */
export function schemaArguments(version: '1.29' | '1.35'): readonly string[] {
  const native = version === '1.35' ? ['1.32', '--local-schemas', join(toolsFolder, 'kubernetes-1.35')] : [version];
  return ['--version', ...native, '--local-crds', join(toolsFolder, 'operator-crds')];
}
