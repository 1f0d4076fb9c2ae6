import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { GeneratedDocument } from '../support/documents.ts';

/**
 * What the chart ships from deploy/, byte by byte: Helm reads only what is in the chart's folder, and what promtool and the linters have
 * read is what must be installed.
 */
export function shippedFiles(dashboards: readonly GeneratedDocument[]): readonly GeneratedDocument[] {
  return [
    copy('deploy/prometheus/partitiond.rules.yaml', 'partitiond.rules.yaml'),
    copy('deploy/kubernetes/sidecar/container.yaml', 'sidecar-container.yaml'),
    ...dashboards
      .filter(({ path }) => path.startsWith('deploy/grafana/') && path.endsWith('.json'))
      .map(({ path, render }) => ({ path: `helm/partitiond/files/dashboards/${basename(path)}`, render })),
  ];
}

function copy(source: string, name: string): GeneratedDocument {
  return { path: `helm/partitiond/files/${name}`, render: () => readFileSync(source, 'utf8') };
}
