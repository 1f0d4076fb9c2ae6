import { graphPanel } from '../../parts/graph.ts';
import { heatmapPanel, timelinePanel } from '../../parts/other-panels.ts';
import type { Panel } from '../../parts/panel.ts';
import { byDatabase, happened, increaseBy, led, metric } from '../../parts/query.ts';

export const impactRow: readonly Panel[] = [
  heatmapPanel({
    title: 'Waiting for locks',
    description:
      'How long steps waited for their locks, failed attempts included. Dark at the top: somebody holds locks for long; the log names who.',
    unit: 's',
    size: [12, 8],
    query: { expr: increaseBy('le', 'lock_wait_seconds_bucket', 'database'), legend: '{{le}}' },
  }),
  graphPanel({
    title: 'Sessions behind our locks',
    description:
      'The harm we do: most sessions seen waiting behind us in the last minute. Over 5 for a minute pages: drain the leader, then look at the step it was at.',
    unit: 'short',
    size: [12, 8],
    queries: [{ expr: led('blocked_sessions', byDatabase, 'database'), legend: '{{database}}' }],
    limits: [[5, 'red']],
  }),
  graphPanel({
    title: 'Retries by reason',
    description:
      'Attempts that failed for a reason that passes. Lock timeouts by day: move the schedule. Connection: the network or the server.',
    unit: 'short',
    size: [8, 7],
    queries: [{ expr: happened(`${byDatabase}, step, reason`, 'retries_total', 'database'), legend: '{{database}} {{step}} {{reason}}' }],
    draw: 'bars',
  }),
  graphPanel({
    title: 'Connections',
    description:
      'Of all chosen instances; a follower holds none most of the time. Waiting for long: the server has no connection left for us.',
    unit: 'short',
    size: [8, 7],
    queries: [{ expr: `sum by (${byDatabase}, state) (${metric('pool_connections', 'database')})`, legend: '{{database}} {{state}}' }],
    draw: 'areas',
  }),
  graphPanel({
    title: 'Failed statements by SQLSTATE class',
    description:
      '55 is a lock that did not come, 57 a cancellation, 40 a deadlock, 08 the network, 42 a missing right or name; the log has the statement.',
    unit: 'short',
    size: [8, 7],
    queries: [
      {
        expr: happened(`${byDatabase}, sqlstate_class`, 'statement_errors_total', 'database'),
        legend: '{{database}} {{sqlstate_class}}',
      },
    ],
    draw: 'bars',
    noValue: 'none',
  }),
  timelinePanel({
    title: 'Paused',
    description: 'While it is paused nothing is changed: partitions are not made either. partitiond resume ends it.',
    unit: 'short',
    size: [8, 6],
    query: { expr: led('paused', byDatabase, 'database'), legend: '{{database}}' },
    words: { '1': ['paused', 'orange'], '0': ['no', 'super-light-green'] },
  }),
  timelinePanel({
    title: 'Maintenance gives way',
    description:
      'For whose sake maintenance begins nothing further. All day long: it never gets to its work, so widen its window or ease the reason.',
    unit: 'short',
    size: [8, 6],
    query: { expr: led('maintenance_held', `${byDatabase}, reason`, 'database'), legend: '{{database}} {{reason}}' },
    words: { '1': ['held', 'yellow'], '0': ['no', 'super-light-green'] },
  }),
  graphPanel({
    title: 'Clock of the database minus ours',
    description: 'Over a few seconds the clock guard refuses removals: mend NTP on either host.',
    unit: 's',
    size: [8, 6],
    queries: [{ expr: led('clock_skew_seconds', byDatabase, 'database'), legend: '{{database}}' }],
    fromZero: false,
  }),
];
