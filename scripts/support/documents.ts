import { dashboardDocuments } from '../../deploy/grafana/build.ts';
import { configurationJsonSchema } from '../../src/config/page/json-schema.ts';
import { renderConfigurationPage } from '../../src/config/page/render-page.ts';
import { alertDocuments } from '../docs-alerts.ts';
import { chartDocuments } from '../docs-chart.ts';
import { renderCliPage } from '../docs-cli.ts';
import { renderMetricsList, renderMetricsPage } from '../docs-metrics.ts';
import { sidecarDocuments } from '../docs-sidecar.ts';

/** A document that is written by a program from what the code declares. */
export interface GeneratedDocument {
  /** From the project's root. */
  readonly path: string;
  /** The whole text, with a newline at its end. */
  readonly render: () => string;
}

export const documents: readonly GeneratedDocument[] = [
  { path: 'docs/configuration.md', render: renderConfigurationPage },
  { path: 'docs/configuration.schema.json', render: () => `${JSON.stringify(configurationJsonSchema(), null, 2)}\n` },
  { path: 'docs/cli.md', render: renderCliPage },
  { path: 'docs/metrics.md', render: renderMetricsPage },
  { path: 'deploy/metrics.json', render: renderMetricsList },
  ...alertDocuments,
  ...dashboardDocuments,
  ...sidecarDocuments,
  // Last: the chart ships copies of what stands above.
  ...chartDocuments,
];
