import { instances, type Moment, type Sample, type Values } from './day-values.ts';

interface ForeignFamily {
  readonly name: string;
  readonly type: 'gauge' | 'counter' | 'unknown';
  readonly values: Values;
}

const ofInstance =
  (value: (moment: Moment) => number): Values =>
  (moment) =>
    instances.map((instance) => ({ labels: { instance }, value: value(moment) }));

/** On a bad day, as Prometheus writes them. */
function firing(moment: Moment): readonly Sample[] {
  if (!moment.isBad) return [];
  const table = { alertstate: 'firing', database: 'app', schema: 'public', table: 'orders' };
  return [
    { labels: { alertname: 'PartitionRunwayExhausted', severity: 'critical', ...table }, value: 1 },
    { labels: { alertname: 'PartitionDefaultRows', severity: 'warning', ...table }, value: 1 },
  ];
}

/** What Prometheus and prom-client add to our families. */
export const foreignFamilies: readonly ForeignFamily[] = [
  { name: 'up', type: 'gauge', values: ofInstance(() => 1) },
  { name: 'scrape_samples_scraped', type: 'gauge', values: ofInstance(() => 1200) },
  { name: 'scrape_duration_seconds', type: 'gauge', values: ofInstance(() => 0.02) },
  { name: 'process_cpu_seconds_total', type: 'counter', values: ofInstance(({ hour }) => hour * 70) },
  { name: 'process_resident_memory_bytes', type: 'gauge', values: ofInstance(({ isBad }) => (isBad ? 2.4e8 : 9e7)) },
  { name: 'process_start_time_seconds', type: 'gauge', values: ofInstance(({ now, hour }) => now - hour * 3600 - 86_400) },
  { name: 'nodejs_heap_size_used_bytes', type: 'gauge', values: ofInstance(() => 4e7) },
  { name: 'nodejs_eventloop_lag_p99_seconds', type: 'gauge', values: ofInstance(({ isBad }) => (isBad ? 1.5 : 0.011)) },
  {
    name: 'nodejs_gc_duration_seconds_sum',
    type: 'unknown',
    values: (moment) =>
      instances.flatMap((instance) =>
        ['minor', 'major', 'incremental'].map((kind) => ({ labels: { instance, kind }, value: moment.hour * 3 })),
      ),
  },
  { name: 'ALERTS', type: 'gauge', values: firing },
];
