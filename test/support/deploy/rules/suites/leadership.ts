import type { Series, Stretch } from '../series.ts';
import { type Case, type Fired, inWhere, type Suite } from '../suite.ts';

const ofDatabase = { database: 'main' };

const down: Fired = {
  severity: 'critical',
  labels: {},
  summary: 'No partitiond can be scraped, or none stays up: nobody maintains partitions.',
  description: (where) =>
    `No target of job partitiond${inWhere(where)} answers, or none does for even half of the time: partitions are neither made nor removed as they should be, and no other alert of partitiond can tell.`,
  dashboard: 'daemon',
};
const gone: Fired = { ...down, place: { cluster: '', namespace: '' } };
const answering = { metric: 'up', value: 1 };
const silent = { metric: 'up', value: 0 };
const otherJob = { job: 'shop' };

/** Up for so many of every five minutes, the last ones. */
function upFor(minutes: number): Series {
  const five = Array.from({ length: 5 }, (_, minute) => (minute < 5 - minutes ? 0 : 1)).join(' ');
  return { metric: 'up', value: Array.from({ length: 10 }, () => five).join(' ') };
}

/** What is no crash loop, though something is not up for a while. */
function passing(name: string, stretches: readonly Stretch[]): Case {
  return {
    name: `critical, crash loop: ${name} is quiet`,
    stretches,
    checks: [10, 20, 25, 30, 40, 55].map((minute) => ({ minute, fired: [] })),
  };
}

export const partitiondDown: Suite = {
  alert: 'PartitiondDown',
  branches: [
    {
      severity: 'critical',
      name: 'all targets down',
      minutes: 15,
      over: [silent, { ...silent, pod: '-2' }],
      under: [silent, { ...answering, pod: '-2' }],
      alert: down,
      leaderMoves: 'carried',
      isOfLeader: false,
    },
    {
      severity: 'critical',
      name: 'crash loop',
      minutes: 15,
      over: [upFor(2)],
      under: [upFor(3)],
      alert: down,
      leaderMoves: 'apart',
      isOfLeader: false,
    },
  ],
  cases: [
    {
      name: 'critical, all targets down: after half an hour of health, and carried over a gap',
      stretches: [
        { pod: 'a', from: 0, series: [{ ...answering, value: '1x29 0x3 stale' }] },
        { pod: 'b', from: 37, series: [silent] },
      ],
      checks: [
        { minute: 44, fired: [] },
        { minute: 45, fired: [down] },
      ],
    },
    {
      name: 'critical, crash loop: leader moves and it goes on',
      stretches: [
        { pod: 'a', from: 0, series: [{ ...answering, value: '0 0 1 0 0 0 1 stale' }] },
        { pod: 'b', from: 9, series: [{ ...answering, value: '0 0 0 0 1 0 0 0 0 1 0 0 0 0 1' }] },
      ],
      checks: [
        { minute: 14, fired: [] },
        { minute: 15, fired: [down] },
      ],
    },
    {
      name: 'critical, crash loop: a replica that stays makes good for one that does not',
      stretches: [{ pod: 'a', from: 0, series: [upFor(1), { ...answering, pod: '-2' }] }],
      checks: [15, 40].map((minute) => ({ minute, fired: [] })),
    },
    passing('a first start of five minutes', [{ pod: 'a', from: 0, series: [{ ...answering, value: '0x4 1x60' }] }]),
    passing('a rollout', [
      { pod: 'a', from: 0, to: 20, series: [answering] },
      { pod: 'b', from: 0, series: [{ ...answering, value: '_x19 0x2 1x40' }] },
    ]),
    passing('a single replica that moves to another node for ten minutes', [
      { pod: 'a', from: 0, series: [{ ...answering, value: '1x15 0x4 stale' }] },
      { pod: 'b', from: 0, series: [{ ...answering, value: '_x26 0 1x40' }] },
    ]),
    ...['fires', 'without the label cluster'].map((what) => ({
      name: `critical, no target: ${what}`,
      stretches: [{ pod: 'a', from: 0, series: [answering], place: what === 'fires' ? otherJob : { ...otherJob, cluster: '' } }],
      checks: [
        { minute: 14, fired: [] },
        { minute: 15, fired: [gone] },
      ],
    })),
    {
      name: 'critical, no target: no `up` at all',
      stretches: [],
      checks: [{ minute: 15, fired: [gone] }],
    },
    {
      name: 'critical, no target: one evaluation before it has lasted',
      stretches: [],
      checks: [{ minute: 14, fired: [] }],
    },
    {
      name: 'critical, no target: quiet',
      stretches: [{ pod: 'a', from: 0, series: [answering] }],
      checks: [{ minute: 30, fired: [] }],
    },
    {
      name: 'critical, no target: leader moves and nothing is new',
      stretches: [
        { pod: 'a', from: 0, to: 10, series: [answering] },
        { pod: 'b', from: 13, series: [answering] },
      ],
      checks: [12, 15, 28].map((minute) => ({ minute, fired: [] })),
    },
    {
      name: 'critical, no target: of two clusters only the one concerned',
      stretches: [
        { pod: 'a', from: 0, series: [silent] },
        { pod: 'c', from: 0, series: [answering], place: { cluster: 'us' } },
      ],
      checks: [{ minute: 15, fired: [down] }],
    },
  ],
};

const leads = { metric: 'leader', value: 1 };
const follows = { metric: 'leader', value: 0 };

export const partitiondNoLeader: Suite = {
  alert: 'PartitiondNoLeader',
  branches: [
    {
      severity: 'critical',
      name: null,
      minutes: 10,
      over: [follows, { ...follows, pod: '-2' }],
      under: [follows, { ...leads, pod: '-2' }],
      alert: {
        severity: 'critical',
        labels: ofDatabase,
        summary: 'No partitiond leads a database: its partitions are not maintained.',
        description: (where) => `Database ${where}main has no leader: it cannot be reached, or every process refuses to lead it.`,
        dashboard: 'daemon',
      },
      leaderMoves: 'carried',
      isOfLeader: false,
    },
  ],
  cases: [
    {
      name: 'critical: a failover of 45 seconds is quiet',
      stretches: [
        { pod: 'a', from: 0, to: 5, series: [leads] },
        { pod: 'b', from: 0, series: [{ metric: 'leader', value: '0x6 1x30' }] },
      ],
      checks: [7, 12, 17, 30].map((minute) => ({ minute, fired: [] })),
    },
  ],
};

const twice: Fired = {
  severity: 'critical',
  labels: ofDatabase,
  summary: 'More than one partitiond believes that it leads a database.',
  description: (where) =>
    `Database ${where}main is led by 2 processes. Fencing keeps all but one from writing, but there should never be a second one.`,
  dashboard: 'daemon',
};

export const partitiondMultipleLeaders: Suite = {
  alert: 'PartitiondMultipleLeaders',
  branches: [
    {
      severity: 'critical',
      name: null,
      minutes: 2,
      over: [leads, { ...leads, pod: '-2' }],
      under: [leads, { ...follows, pod: '-2' }],
      alert: twice,
      leaderMoves: 'anew',
      isOfLeader: false,
    },
  ],
  cases: [
    {
      name: 'critical: a leader that has gone is not counted beside its successor',
      stretches: [
        { pod: 'a', from: 0, to: 5, series: [leads] },
        { pod: 'b', from: 0, series: [{ metric: 'leader', value: '0x5 1x30' }] },
      ],
      checks: [6, 8, 9, 12].map((minute) => ({ minute, fired: [] })),
    },
    {
      name: 'critical: a leader of each of two databases is as it should be',
      stretches: [
        { pod: 'a', from: 0, series: [leads] },
        { pod: 'b', from: 0, series: [{ ...leads, labels: { database: 'other' } }] },
      ],
      checks: [{ minute: 10, fired: [] }],
    },
  ],
};
