import { graphPanel } from '../../parts/graph.ts';
import { timelinePanel } from '../../parts/other-panels.ts';
import type { Panel } from '../../parts/panel.ts';
import { byDatabase, happened, led, metric, recorded } from '../../parts/query.ts';
import { tablePanel } from '../../parts/table.ts';

const byTask = `${byDatabase}, task`;
const hidden = ['cluster', 'namespace', 'job'];
const ofTask = (name: string): string => led(name, byTask, 'database');

/** Over all that is shown: tasks run once an hour or a day, so a few minutes hold no run at all. */
function quantile(part: number): string {
  const buckets = `increase(${metric('task_duration_seconds_bucket', 'database')}[$__range])`;
  return `histogram_quantile(${part}, sum by (${byTask}, le) (${buckets}))`;
}

export const taskRow: readonly Panel[] = [
  graphPanel({
    title: 'Runs by outcome',
    description:
      'Failed: at least one table failed, the log of the run says which. Skipped: paused, waiting after failures, or the run before had not ended. Aborted: drained, or leadership lost.',
    unit: 'short',
    size: [12, 8],
    queries: [{ expr: happened(`${byTask}, outcome`, 'task_runs_total', 'database'), legend: '{{database}} {{task}} {{outcome}}' }],
    draw: 'bars',
  }),
  graphPanel({
    title: 'Age of the last success',
    description:
      'A saw tooth with the period of the schedule. One that only rises: that task fails again and again, see its runs and the log.',
    unit: 's',
    size: [12, 8],
    queries: [{ expr: recorded('task:partitiond_success_age_seconds:max', 'database'), legend: '{{database}} {{task}}' }],
  }),
  tablePanel({
    title: 'Tasks',
    description:
      'Durations over the time shown against the gap of the schedule. p95 near the gap: runs will be skipped, so widen the schedule or the window.',
    size: [14, 8],
    rows: ['database', 'task'],
    hidden,
    columns: [
      { title: 'p50', expr: quantile(0.5), unit: 's' },
      { title: 'p95', expr: quantile(0.95), unit: 's' },
      { title: 'last', expr: ofTask('task_last_duration_seconds'), unit: 's' },
      { title: 'gap', expr: ofTask('task_interval_seconds'), unit: 's' },
      { title: 'last run', expr: `${ofTask('task_last_run_timestamp_seconds')} * 1000`, unit: 'dateTimeFromNow' },
      { title: 'last success', expr: `${ofTask('task_last_success_timestamp_seconds')} * 1000`, unit: 'dateTimeFromNow' },
    ],
    sortBy: 'task',
  }),
  timelinePanel({
    title: 'In progress',
    description: 'When each task ran. A band that does not end: it waits for a lock (heatmap below) or works on something large.',
    unit: 'short',
    size: [10, 8],
    query: { expr: ofTask('task_in_progress'), legend: '{{database}} {{task}}' },
    words: { '1': ['runs', 'blue'], '0': ['idle', 'transparent'] },
  }),
];
