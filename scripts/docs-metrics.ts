import { metricCatalogue, metricPrefix } from '../src/telemetry/metric-catalogue.ts';
import { labelNames, type MetricDeclaration } from '../src/telemetry/metric-declaration.ts';

const scopes: readonly { readonly scope: MetricDeclaration['scope']; readonly title: string; readonly about: string }[] = [
  { scope: 'process', title: 'Of every process', about: 'These exist in every replica, whether it leads or follows.' },
  {
    scope: 'leader',
    title: 'Of a database',
    about: 'Only the process that leads a database has these, so a sum over replicas counts nothing twice.',
  },
  { scope: 'table', title: 'Of a table', about: 'Only in the process that leads the database; one series for each table of its policy.' },
];

/** docs/metrics.md: every family with its type, labels and help text, as declared. */
export function renderMetricsPage(): string {
  return [
    '# Metrics',
    '',
    '`GET /metrics` prints these families. All names start with `partitiond_`; besides them there are the `process_*` and `nodejs_*` families',
    'of the Prometheus client. Every value comes from the last run or the last collection: a scrape asks the database nothing.',
    ...scopes.flatMap(({ scope, title, about }) => ['', `## ${title}`, '', about, '', ...table(scope)]),
    '',
    'This page is generated: `npm run docs`.',
    '',
  ].join('\n');
}

function table(scope: MetricDeclaration['scope']): readonly string[] {
  const rows = [...metricCatalogue].filter(([, declaration]) => declaration.scope === scope);
  return ['| family | type | labels | meaning |', '|---|---|---|---|', ...rows.map(([name, declaration]) => row(name, declaration))];
}

function row(name: string, declaration: MetricDeclaration): string {
  const labels = labelNames(declaration)
    .map((label) => `\`${label}\``)
    .join(' ');
  const buckets = declaration.buckets === undefined ? '' : ` Buckets: ${declaration.buckets.join(', ')}.`;
  return `| \`${metricPrefix}${name}\` | ${declaration.type} | ${labels} | ${declaration.help}${buckets} |`.replaceAll('|  |', '| |');
}
