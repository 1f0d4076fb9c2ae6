import type { Series } from '../series.ts';
import type { Branch, Case, Fired, Suite } from '../suite.ts';
import { firedOfTable, ofTable } from './of-table.ts';

function timeKey(runwaySeconds: number, targetSeconds: number): readonly Series[] {
  return [
    { metric: 'table_coverage_end_timestamp_seconds', value: { fromNow: runwaySeconds } },
    { metric: 'table_runway_target_seconds', value: targetSeconds },
    { metric: 'table_premake_partitions', value: 4 },
  ];
}

function integerKey(headroom: number | string, premake: number): readonly Series[] {
  return [
    { metric: 'table_headroom_intervals', value: headroom },
    { metric: 'table_premake_partitions', value: premake },
  ];
}

function low(share: string): Fired {
  return firedOfTable({
    severity: 'warning',
    summary: 'A table has less than half of the premade partitions that its policy wants.',
    says: ` has only ${share} of the room ahead that its policy wants: provisioning fails or lags.`,
    dashboard: 'overview',
  });
}

function exhausted(share: string): Fired {
  return firedOfTable({
    severity: 'critical',
    summary: 'A table is about to run out of partitions: inserts will fail or land in the default partition.',
    says: ` has only ${share} of the room ahead that its policy wants, and soon, or already, no partition takes new rows.`,
    dashboard: 'overview',
  });
}

function lasting(name: string, series: readonly Series[], checks: Case['checks']): Case {
  return { name, stretches: [{ pod: 'a', from: 0, series }], checks };
}

function quietAt(...minutes: readonly number[]): Case['checks'] {
  return minutes.map((minute) => ({ minute, fired: [] }));
}

/**
 * With premake 1: hourly partitions, the next of which is made ten minutes after each roll-over; and an integer key, in whose last partition
 * the newest key has been for three quarters of an hour when the next one is made.
 */
function rollOvers(severity: Branch['severity']): readonly Case[] {
  const hourly: readonly Series[] = [
    { metric: 'table_coverage_end_timestamp_seconds', value: '3600x9 7200x59 10800x59 14400x59' },
    { metric: 'table_runway_target_seconds', value: 3600 },
    { metric: 'table_premake_partitions', value: 1 },
  ];
  const checks = quietAt(9, 40, 69, 100, 129, 160);
  return [
    lasting(`${severity}, time keys: premake 1 at roll-over is quiet`, hourly, checks),
    lasting(`${severity}, integer keys: premake 1 at roll-over is quiet`, integerKey('1x29 0x44 1x29 0x44 1x29', 1), checks),
  ];
}

const forGood = '1x29 0x200';

export const partitionRunwayLow: Suite = {
  alert: 'PartitionRunwayLow',
  branches: [
    {
      severity: 'warning',
      name: 'time keys',
      minutes: 30,
      over: timeKey(99_800, 200_000),
      under: timeKey(100_200, 200_000),
      alert: low('49.9%'),
      policy: ['table_runway_target_seconds'],
      ...ofTable,
    },
    {
      severity: 'warning',
      name: 'integer keys',
      minutes: 30,
      over: integerKey(4, 10),
      under: integerKey(5, 10),
      alert: low('40%'),
      policy: ['table_premake_partitions'],
      ...ofTable,
    },
  ],
  cases: [
    ...rollOvers('warning'),
    lasting('warning, integer keys: premake 1 and nothing is made any more', integerKey(forGood, 1), [
      ...quietAt(89, 118),
      { minute: 122, fired: [low('0%')] },
    ]),
    lasting('warning, integer keys: premake 2 has no such hour', integerKey('2x4 0x60', 2), [
      ...quietAt(34),
      { minute: 35, fired: [low('0%')] },
    ]),
    lasting('warning, time keys: now is not covered', timeKey(-30, 200_000), [{ minute: 30, fired: [low('0%')] }]),
    lasting('warning, time keys: premake 0 while now is covered', timeKey(600, 0), quietAt(30, 60)),
  ],
};

export const partitionRunwayExhausted: Suite = {
  alert: 'PartitionRunwayExhausted',
  branches: [
    {
      severity: 'critical',
      name: 'time keys',
      minutes: 5,
      over: timeKey(49_800, 200_000),
      under: timeKey(50_200, 200_000),
      alert: exhausted('24.9%'),
      policy: ['table_runway_target_seconds'],
      ...ofTable,
    },
    {
      severity: 'critical',
      name: 'integer keys',
      minutes: 5,
      over: integerKey(2, 10),
      under: integerKey(3, 10),
      alert: exhausted('20%'),
      policy: ['table_premake_partitions'],
      ...ofTable,
    },
  ],
  cases: [
    ...rollOvers('critical'),
    lasting('critical, integer keys: premake 1 and nothing is made any more', integerKey(forGood, 1), [
      ...quietAt(60, 93),
      { minute: 97, fired: [exhausted('0%')] },
    ]),
    lasting('critical, integer keys: premake 2 has no such hour', integerKey('2x4 0x60', 2), [
      ...quietAt(9),
      { minute: 10, fired: [exhausted('0%')] },
    ]),
    lasting('critical, time keys: partitions of a quarter page two days ahead', timeKey(172_000, 8_000_000), [
      { minute: 5, fired: [exhausted('2.15%')] },
    ]),
    lasting('critical, time keys: partitions of a quarter page no earlier', timeKey(173_600, 8_000_000), quietAt(5, 60)),
    lasting('critical, time keys: now is not covered', timeKey(-30, 200_000), [{ minute: 5, fired: [exhausted('0%')] }]),
    lasting('critical, time keys: premake 0 while now is covered', timeKey(600, 0), quietAt(5, 60)),
    lasting('critical, time keys: premake 0 while now is not covered', timeKey(-30, 0), [{ minute: 5, fired: [exhausted('0%')] }]),
  ],
};
