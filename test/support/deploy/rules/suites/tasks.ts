import type { Series, Stretch } from '../series.ts';
import type { Case, Fired, Suite } from '../suite.ts';

/** A task that last went well so many seconds ago, beside what the leader tells of it. */
function task(name: string, ageSeconds: number, intervalSeconds: number, isAtWork = false): readonly Series[] {
  const labels = { task: name };
  return [
    { metric: 'task_last_success_timestamp_seconds', labels, value: { fromNow: -ageSeconds } },
    { metric: 'task_interval_seconds', labels, value: intervalSeconds },
    { metric: 'task_in_progress', labels, value: isAtWork ? 1 : 0 },
  ];
}

const working: Series = { metric: 'paused', value: 0 };
const paused: Series = { metric: 'paused', value: 1 };

function stale(name: string, age: string): Fired {
  return {
    severity: 'warning',
    labels: { database: 'main', task: name },
    summary: 'A task has not succeeded for more than two of its intervals.',
    description: (where) => `Task ${name} of ${where}main last went well ${age} ago: it does not run, or it fails for at least one table.`,
    dashboard: 'daemon',
  };
}

function lasting(name: string, series: readonly Series[], fired: readonly Fired[], more: readonly Stretch[] = []): Case {
  return {
    name: `warning: ${name}`,
    stretches: [{ pod: 'a', from: 0, series }, ...more],
    checks: [10, 60].map((minute) => ({ minute, fired })),
  };
}

export const partitiondTaskStale: Suite = {
  alert: 'PartitiondTaskStale',
  branches: [
    {
      severity: 'warning',
      name: null,
      minutes: 10,
      over: [working, ...task('provision', 1510, 600)],
      under: [working, ...task('provision', 1490, 600)],
      alert: stale('provision', '25m 10s'),
      policy: ['task_interval_seconds'],
      leaderMoves: 'carried',
      isOfLeader: true,
    },
  ],
  cases: [
    lasting('a pause is on purpose', [paused, ...task('provision', 9000, 600), ...task('retention', 90_000, 3600)], []),
    lasting(
      'the pause of another database excuses nothing',
      [working, { ...paused, labels: { database: 'other' } }, ...task('provision', 1510, 600)],
      [stale('provision', '25m 10s')],
    ),
    lasting('a task that is switched off has no series to age', [working, ...task('collect', 30, 60)], []),
    lasting('maintenance at work for hours', [working, ...task('maintenance', 86_300, 900, true)], []),
    lasting('an index that is built for hours', [working, ...task('index', 86_300, 900, true)], []),
    lasting(
      'maintenance at work for more than a day',
      [working, ...task('maintenance', 86_500, 900, true)],
      [stale('maintenance', '1d 0h 1m 40s')],
    ),
    lasting('another task at work is late all the same', [working, ...task('probe', 760, 300, true)], [stale('probe', '12m 40s')]),
    lasting(
      'only the task that is stale',
      [working, ...task('provision', 30, 600), ...task('maintenance', 20_000, 900, true), ...task('retention', 9010, 3600)],
      [stale('retention', '2h 30m 10s')],
    ),
    {
      name: 'warning: a task that a reload switches off resolves it',
      stretches: [
        { pod: 'a', from: 0, to: 20, series: [working, ...task('probe', 760, 300)] },
        { pod: 'b', from: 21, series: [working, ...task('provision', 30, 600)] },
      ],
      checks: [
        { minute: 20, fired: [stale('probe', '12m 40s')] },
        { minute: 28, fired: [] },
      ],
    },
  ],
};

function snapshot(ageSeconds: number, collectSeconds: number): readonly Series[] {
  return [
    { metric: 'catalog_snapshot_timestamp_seconds', value: { fromNow: -ageSeconds } },
    { metric: 'task_interval_seconds', labels: { task: 'collect' }, value: collectSeconds },
    { metric: 'task_interval_seconds', labels: { task: 'retention' }, value: 86_400 },
  ];
}

function old(age: string): Fired {
  return {
    severity: 'warning',
    labels: { database: 'main' },
    summary: 'What partitiond tells about tables is out of date.',
    description: (where) =>
      `The snapshot of the catalog of ${where}main is ${age} old: all alerts and panels about its tables show that moment.`,
    dashboard: 'daemon',
  };
}

const never: Fired = {
  ...old(''),
  description: (where) =>
    `No snapshot of the catalog of ${where}main has been read since its leader began: alerts and panels about its tables lack all that is not there.`,
};
const leads: Series = { metric: 'leader', value: 1 };

/** Of a leader that could not read all tables even once. */
function neverRead(): readonly Series[] {
  return [leads, ...snapshot(0, 60).filter(({ metric }) => metric !== 'catalog_snapshot_timestamp_seconds')];
}

export const partitiondSnapshotStale: Suite = {
  alert: 'PartitiondSnapshotStale',
  branches: [
    {
      severity: 'warning',
      name: 'none at all',
      minutes: 10,
      over: neverRead(),
      under: [leads, ...snapshot(0, 60)],
      alert: never,
      policy: ['task_interval_seconds'],
      leaderMoves: 'carried',
      isOfLeader: true,
    },
    {
      severity: 'warning',
      name: 'an old one',
      minutes: 10,
      over: snapshot(905, 60),
      under: snapshot(895, 60),
      alert: old('15m 5s'),
      policy: ['task_interval_seconds'],
      leaderMoves: 'carried',
      isOfLeader: true,
    },
  ],
  cases: [
    lasting('figures that are wanted every ten minutes may be older', snapshot(1490, 600), []),
    lasting(
      'a daemon that is told never to collect needs no snapshot',
      neverRead().filter(({ labels }) => labels?.['task'] !== 'collect'),
      [],
    ),
    {
      name: 'warning, an old one: is told as old also while no leader tells of it',
      stretches: [
        { pod: 'a', from: 0, to: 12, series: snapshot(905, 60) },
        { pod: 'b', from: 15, series: snapshot(905, 60) },
      ],
      checks: [
        { minute: 12, fired: [old('15m 5s')] },
        { minute: 14, fired: [old('17m 5s')] },
        { minute: 15, fired: [old('15m 5s')] },
      ],
    },
    {
      name: 'warning, none at all: the snapshot of the leader before excuses nothing',
      stretches: [
        { pod: 'a', from: 0, to: 10, series: [leads, ...snapshot(0, 60)] },
        { pod: 'b', from: 11, series: neverRead() },
      ],
      checks: [
        { minute: 20, fired: [] },
        { minute: 21, fired: [never] },
      ],
    },
    lasting('figures that are wanted every ten minutes and are too old', snapshot(1510, 600), [old('25m 10s')]),
  ],
};
