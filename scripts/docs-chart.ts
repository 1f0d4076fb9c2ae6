import { readFileSync } from 'node:fs';
import { dashboardDocuments } from '../deploy/grafana/build.ts';
import { renderChartReadme } from './chart/chart-readme.ts';
import { shippedFiles } from './chart/shipped-files.ts';
import { readComments } from './chart/values-comments.ts';
import { valuesSchema } from './chart/values-schema.ts';
import type { GeneratedDocument } from './support/documents.ts';

const chart = 'helm/partitiond';
const readValues = (): string => readFileSync(`${chart}/values.yaml`, 'utf8');

/** What of helm/partitiond is written by a program: the schema of its values, its README, and the files that it ships from deploy/. */
export const chartDocuments: readonly GeneratedDocument[] = [
  { path: `${chart}/values.schema.json`, render: () => `${JSON.stringify(valuesSchema(readComments(readValues())), null, 2)}\n` },
  {
    path: `${chart}/README.md`,
    render: () => {
      const yaml = readValues();
      return renderChartReadme(yaml, readComments(yaml));
    },
  },
  ...shippedFiles(dashboardDocuments),
];
