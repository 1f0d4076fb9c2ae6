import { readFileSync } from 'node:fs';
import type { ListedMetric } from '../../../../scripts/docs-metrics.ts';
import { readPromql } from '../promql.ts';
import { isRecording, readRules } from '../rules/rules-file.ts';

/** Names of metrics and what labels each may have. */
export type KnownMetrics = ReadonlyMap<string, ReadonlySet<string>>;

/** Set by Prometheus, by Kubernetes or by whoever runs it. */
const targetLabels = ['cluster', 'namespace', 'job', 'instance'];

/** Not ours, each with its labels and why a panel may use it. */
const foreign: Readonly<Record<string, { readonly labels: readonly string[]; readonly reason: string }>> = {
  ALERTS: { labels: ['alertname', 'alertstate', 'severity'], reason: 'Prometheus writes it for every alert.' },
  scrape_samples_scraped: { labels: [], reason: 'Prometheus writes it for every target.' },
  scrape_duration_seconds: { labels: [], reason: 'Prometheus writes it for every target.' },
  process_cpu_seconds_total: { labels: [], reason: 'A default of prom-client.' },
  process_resident_memory_bytes: { labels: [], reason: 'A default of prom-client.' },
  process_start_time_seconds: { labels: [], reason: 'A default of prom-client.' },
  nodejs_heap_size_used_bytes: { labels: [], reason: 'A default of prom-client.' },
  nodejs_eventloop_lag_p99_seconds: { labels: [], reason: 'A default of prom-client.' },
  nodejs_gc_duration_seconds_sum: { labels: ['kind'], reason: 'A default of prom-client.' },
};

export function listedMetrics(): readonly ListedMetric[] {
  return JSON.parse(readFileSync('deploy/metrics.json', 'utf8')) as readonly ListedMetric[];
}

/** deploy/metrics.json with what histograms add, the recording rules, and what is not ours. */
export function knownMetrics(): KnownMetrics {
  const known = new Map<string, ReadonlySet<string>>();
  for (const { name, type, labels } of listedMetrics()) {
    const all = [...targetLabels, ...labels];
    if (type !== 'histogram') known.set(name, new Set(all));
    else {
      known.set(`${name}_bucket`, new Set([...all, 'le']));
      for (const suffix of ['sum', 'count']) known.set(`${name}_${suffix}`, new Set(all));
    }
  }
  for (const [name, { labels }] of Object.entries(foreign)) known.set(name, new Set([...targetLabels, ...labels]));
  for (const { record, expr } of readRules().filter(isRecording)) {
    const outermost = readPromql(expr).groupings.find(({ kind }) => kind === 'by');
    if (record !== undefined) known.set(record, new Set(outermost?.labels));
  }
  return known;
}

/** Metrics and labels of an expression that nobody exports, as sentences. Variables must have values by now. */
export function findUnknown(expression: string, known: KnownMetrics): readonly string[] {
  const { selectors, groupings } = readPromql(expression);
  const unknown = (metric: string, labels: readonly string[]): readonly string[] => {
    const own = known.get(metric);
    if (own === undefined) return [`nobody exports ${metric}`];
    return labels.filter((label) => !own.has(label)).map((label) => `${metric} has no label ${label}`);
  };
  return [
    ...selectors.flatMap(({ metric, matchers }) =>
      unknown(
        metric,
        matchers.map(({ label }) => label),
      ),
    ),
    ...groupings.flatMap(({ labels, metrics, made, kind }) =>
      // The side of group_left that has one row per match need not have what the other side brings.
      kind === 'group_left' || kind === 'group_right'
        ? []
        : metrics.flatMap((metric) =>
            unknown(
              metric,
              labels.filter((label) => !made.includes(label)),
            ),
          ),
    ),
  ];
}
