import type { Series } from '../series.ts';
import { type Case, type Fired, inWhere, type Suite } from '../suite.ts';

const refusedFile: Series = { metric: 'config_last_reload_successful', value: 0 };
const loaded: Series = { metric: 'config_last_reload_successful', value: 1 };

function failed(instance: string): Fired {
  return {
    severity: 'warning',
    labels: { instance },
    summary: 'partitiond runs on an old configuration, as the new one cannot be loaded.',
    description: (where) =>
      `${instance}${inWhere(where)} could not load its configuration and goes on with the one before; after a restart it would not start.`,
    dashboard: 'daemon',
  };
}

export const partitiondConfigReloadFailed: Suite = {
  alert: 'PartitiondConfigReloadFailed',
  branches: [
    {
      severity: 'warning',
      name: null,
      minutes: 10,
      over: [refusedFile],
      under: [loaded],
      alert: failed('a:9788'),
      leaderMoves: 'apart',
      isOfLeader: false,
    },
  ],
  cases: [
    {
      name: 'warning: leader moves and each pod counts for itself',
      stretches: [
        { pod: 'a', from: 0, to: 20, series: [refusedFile] },
        { pod: 'b', from: 23, series: [refusedFile] },
      ],
      checks: [
        { minute: 22, fired: [failed('a:9788')] },
        { minute: 30, fired: [] },
        { minute: 33, fired: [failed('b:9788')] },
      ],
    },
    {
      name: 'warning: a container that restarts in its pod does not begin it anew',
      stretches: [
        { pod: 'a', from: 0, to: 6, series: [refusedFile] },
        { pod: 'a', from: 9, series: [refusedFile] },
      ],
      checks: [
        { minute: 9, fired: [] },
        { minute: 10, fired: [failed('a:9788')] },
        { minute: 20, fired: [failed('a:9788')] },
      ],
    },
    {
      name: 'warning: a good load in between begins it anew, and counts for five minutes',
      stretches: [{ pod: 'a', from: 0, series: [{ ...refusedFile, value: '0x3 1 0x60' }] }],
      checks: [
        { minute: 12, fired: [] },
        { minute: 17, fired: [] },
        { minute: 22, fired: [failed('a:9788')] },
      ],
    },
    {
      name: 'warning: of two pods only the one that failed',
      stretches: [
        { pod: 'a', from: 0, series: [refusedFile] },
        { pod: 'b', from: 0, series: [loaded] },
      ],
      checks: [{ minute: 15, fired: [failed('a:9788')] }],
    },
  ],
};

const hash = (value: number, database = 'main'): Series => ({ metric: 'config_hash', labels: { database }, value });

function drift(count: number): Fired {
  return {
    severity: 'warning',
    labels: { database: 'main' },
    summary: 'Replicas of partitiond have different policies for a database.',
    description: (where) => `${count} different policies are loaded for ${where}main: which one is in force depends on who leads.`,
    dashboard: 'daemon',
  };
}

function together(name: string, series: readonly (readonly Series[])[], fired: readonly Fired[]): Case {
  const pods = series.map((own, index) => ({ pod: `pod-${index}`, from: 0, series: own }));
  return { name: `warning: ${name}`, stretches: pods, checks: [{ minute: 40, fired }] };
}

export const partitiondConfigDrift: Suite = {
  alert: 'PartitiondConfigDrift',
  branches: [
    {
      severity: 'warning',
      name: null,
      minutes: 30,
      over: [hash(281_474_976_710_655), { ...hash(281_474_976_710_654), pod: '-2' }],
      under: [hash(281_474_976_710_655), { ...hash(281_474_976_710_655), pod: '-2' }],
      alert: drift(2),
      leaderMoves: 'carried',
      isOfLeader: false,
    },
  ],
  cases: [
    together(
      'two releases in one namespace, each with a database of its own',
      [[hash(11)], [hash(11)], [hash(22, 'b')], [hash(22, 'b')]],
      [],
    ),
    together(
      'two databases of one release may differ',
      [
        [hash(11), hash(22, 'b')],
        [hash(11), hash(22, 'b')],
      ],
      [],
    ),
    together('two releases, and the replicas of one disagree', [[hash(11)], [hash(12)], [hash(22, 'b')]], [drift(2)]),
    together('three policies', [[hash(11)], [hash(12)], [hash(13)]], [drift(3)]),
    {
      name: 'warning: a rollout of twenty minutes is quiet',
      stretches: [
        { pod: 'a', from: 0, to: 20, series: [hash(11)] },
        { pod: 'b', from: 0, series: [hash(12)] },
      ],
      checks: [20, 30, 40].map((minute) => ({ minute, fired: [] })),
    },
  ],
};
