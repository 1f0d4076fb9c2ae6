import { graphPanel } from '../../parts/graph.ts';
import { timelinePanel } from '../../parts/other-panels.ts';
import type { Panel, Words } from '../../parts/panel.ts';
import { byDatabase, happened, increaseBy, led, matchers, metric } from '../../parts/query.ts';
import { tablePanel } from '../../parts/table.ts';

const byInstance = 'cluster, namespace, job, instance';
const hidden = ['cluster', 'namespace', 'job'];
const each = (selector: string): string => `max by (${byInstance}) (${selector})`;
const runtime = (name: string): string => `${name}${matchers('process')}`;
const instance = '{{instance}}';

export const exporterRow: readonly Panel[] = [
  graphPanel({
    title: 'Series against the cap',
    description:
      'Series in the last answer; the line is the default of metrics.maxSeries. Dropped ones (right axis) are missing here: raise it, or show fewer partitions.',
    unit: 'short',
    size: [8, 7],
    queries: [
      { expr: each(metric('metrics_series', 'process')), legend: `${instance} series` },
      { expr: increaseBy(byInstance, 'metrics_dropped_series_total', 'process'), legend: `${instance} dropped` },
    ],
    right: { queries: [1], unit: 'short' },
    limits: [[50_000, 'red']],
  }),
  graphPanel({
    title: 'Time to render and to collect',
    description:
      'Rendering stalls the event loop; collecting reads catalogs, with short lock timeouts. Seconds of rendering: fewer series. Slow collecting: more partitions than the schedule allows.',
    unit: 's',
    size: [8, 7],
    queries: [
      { expr: each(metric('metrics_render_seconds', 'process')), legend: `${instance} render` },
      { expr: led('collector_duration_seconds', `${byDatabase}, collector`, 'database'), legend: '{{database}} {{collector}}' },
    ],
  }),
  graphPanel({
    title: 'Size of a scrape',
    description:
      'Samples that Prometheus took, and how long that was for it (right axis). At sampleLimit (60,000) the whole scrape is thrown away.',
    unit: 'short',
    size: [8, 7],
    queries: [
      { expr: each(runtime('scrape_samples_scraped')), legend: `${instance} samples` },
      { expr: each(runtime('scrape_duration_seconds')), legend: `${instance} duration` },
    ],
    right: { queries: [1], unit: 's' },
    limits: [[60_000, 'red']],
  }),
  timelinePanel({
    title: 'Collectors',
    description:
      'Whether the last run of each succeeded. Failed: its series keep their last value; the log says why, most often a lock or a missing right.',
    unit: 'short',
    size: [24, 5],
    query: { expr: led('collector_success', `${byDatabase}, collector`, 'database'), legend: '{{database}} {{collector}}' },
    words: { '1': ['ok', 'green'], '0': ['failed', 'red'] },
  }),
];

const reload: Words = { '1': ['ok', 'green'], '0': ['failed', 'red'] };

export const processRow: readonly Panel[] = [
  graphPanel({
    title: 'CPU',
    description:
      'Of one core. A leader that plans many tables needs some for seconds; a follower needs next to none. Always high: fewer tables a process.',
    unit: 'percentunit',
    size: [6, 7],
    queries: [{ expr: `sum by (${byInstance}) (rate(${runtime('process_cpu_seconds_total')}[$__rate_interval]))`, legend: instance }],
  }),
  graphPanel({
    title: 'Memory',
    description:
      'Resident, and the heap of JavaScript that is in use. The chart limits the process to 256 MiB: near it, show fewer partitions or raise the limit.',
    unit: 'bytes',
    size: [6, 7],
    queries: [
      { expr: each(runtime('process_resident_memory_bytes')), legend: `${instance} resident` },
      { expr: each(runtime('nodejs_heap_size_used_bytes')), legend: `${instance} heap` },
    ],
  }),
  graphPanel({
    title: 'Event-loop lag, p99',
    description:
      'How late timers fire. 15 s loses leadership. Seconds: too little CPU (throttling), or an answer of /metrics that is too large.',
    unit: 's',
    size: [6, 7],
    queries: [{ expr: each(runtime('nodejs_eventloop_lag_p99_seconds')), legend: instance }],
  }),
  graphPanel({
    title: 'Garbage collection',
    description: 'Part of the time by kind. Over 10 % major: the heap is too small, see heapMiB of the chart.',
    unit: 'percentunit',
    size: [6, 7],
    queries: [
      {
        expr: `sum by (${byInstance}, kind) (rate(${runtime('nodejs_gc_duration_seconds_sum')}[$__rate_interval]))`,
        legend: `${instance} {{kind}}`,
      },
    ],
    draw: 'areas',
  }),
  tablePanel({
    title: 'Policy of each instance',
    description:
      'Instances with one hash have the same policy. Different ones after a rollout: the lower generation must not lead; reload it, or finish the rollout.',
    size: [12, 7],
    rows: ['database', 'instance'],
    hidden,
    columns: [
      { title: 'generation', expr: `max by (${byDatabase}, instance) (${metric('config_generation', 'database')})`, unit: 'none' },
      { title: 'hash', expr: `max by (${byDatabase}, instance) (${metric('config_hash', 'database')})`, unit: 'hex' },
    ],
    sortBy: 'database',
  }),
  tablePanel({
    title: 'Versions and configuration',
    description:
      'What runs where, since when, and whether its last load of the configuration succeeded. Failed: it runs on the old one, partitiond validate says what is wrong.',
    size: [12, 7],
    rows: ['instance', 'version', 'node_version'],
    hidden: [...hidden, 'revision'],
    columns: [
      { title: 'last load', expr: ofBuild(metric('config_last_reload_successful', 'process')), unit: 'short', words: reload },
      {
        title: 'loaded',
        expr: `${ofBuild(metric('config_last_reload_success_timestamp_seconds', 'process'))} * 1000`,
        unit: 'dateTimeFromNow',
      },
      { title: 'started', expr: `${ofBuild(runtime('process_start_time_seconds'))} * 1000`, unit: 'dateTimeFromNow' },
    ],
    sortBy: 'instance',
  }),
  graphPanel({
    title: 'Loads of the configuration',
    description: 'Failed: the old configuration stays in force. Loads that nobody asked for: something rewrites the mounted file.',
    unit: 'short',
    size: [24, 5],
    queries: [{ expr: happened(`${byInstance}, outcome`, 'config_reloads_total', 'process'), legend: `${instance} {{outcome}}` }],
    draw: 'bars',
  }),
];

/** A value of a process with the labels of its build; build_info is always 1. */
function ofBuild(selector: string): string {
  const build = `max by (${byInstance}, version, node_version) (${metric('build_info', 'process')})`;
  return `${build} * on (${byInstance}) group_left () ${each(selector)}`;
}
