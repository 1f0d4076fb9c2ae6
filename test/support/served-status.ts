import type { PartitionStatus, ProbeStatus, TableStatus } from '../../src/reconcile/status.ts';
import type { ServedStatus } from '../../src/service/http/status-reader.ts';

const dayMs = 86_400_000;

/** The moment of all statuses made here. */
export const sampleNow: string = '2026-05-17T09:30:00Z';

/** A table of which nothing is known but its name, changed by `changes`. */
export function tableStatus(changes: Partial<TableStatus> = {}): TableStatus {
  const { partitions = [] } = changes;
  const attached = partitions.filter(({ state }) => state !== 'detached' && state !== 'detach-pending');
  return {
    table: 'public.events',
    interval: '1 day',
    premake: 4,
    partitionCount: attached.length,
    futureCount: 0,
    coverageEnd: null,
    estimatedRows: sum(attached.map(({ estimatedRows }) => Math.max(estimatedRows, 0))),
    estimatedBytes: sum(attached.map(({ estimatedBytes }) => estimatedBytes)),
    steps: 0,
    findings: [],
    error: null,
    partitions,
    axis: 'time',
    position: sampleNow,
    retentionCutoff: null,
    gaps: [],
    probes: [],
    migration: null,
    inProgress: [],
    ...changes,
  };
}

export function servedStatus(tables: readonly TableStatus[], changes: Partial<ServedStatus> = {}): ServedStatus {
  return {
    database: 'app',
    now: sampleNow,
    paused: null,
    error: null,
    tables,
    runs: [],
    leader: null,
    leadership: { isLeading: true, epoch: '7', refused: null },
    nextRuns: [],
    ...changes,
  };
}

export function partitionStatus(changes: Partial<PartitionStatus> = {}): PartitionStatus {
  return {
    partition: 'public.events_1',
    state: 'attached',
    from: null,
    to: null,
    isCurrent: false,
    estimatedRows: 1_000,
    estimatedBytes: 1_048_576,
    ...changes,
  };
}

/** `past` days before today's, today's, and `future` ones. */
export function dailyPartitions(table: string, past: number, future: number): readonly PartitionStatus[] {
  const today = Math.floor(Date.parse(sampleNow) / dayMs);
  return Array.from({ length: past + 1 + future }, (_, index) => {
    const day = today - past + index;
    const isAhead = day > today;
    // A week has a shape, and the table grows.
    const rows = isAhead ? 0 : Math.round((20_000 + index * 40) * (day % 7 < 2 ? 0.5 : 1));
    return partitionStatus({
      partition: `${table}_p${isoDay(day).replaceAll('-', '_')}`,
      from: `${isoDay(day)}T00:00:00Z`,
      to: `${isoDay(day + 1)}T00:00:00Z`,
      isCurrent: day === today,
      estimatedRows: isAhead ? -1 : rows,
      estimatedBytes: isAhead ? 8_192 : rows * 240,
    });
  });
}

function isoDay(day: number): string {
  return new Date(day * dayMs).toISOString().slice(0, 10);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function daily(changes: Partial<TableStatus>, past = 396, future = 4): TableStatus {
  const { table = 'public.events' } = changes;
  const coverageEnd = isoDay(Math.floor(Date.parse(sampleNow) / dayMs) + future + 1);
  return tableStatus({
    partitions: dailyPartitions(table, past, future),
    futureCount: future,
    coverageEnd: `${coverageEnd}T00:00:00Z`,
    retentionCutoff: '2025-05-17T00:00:00Z',
    ...changes,
  });
}

function quarters(): TableStatus {
  const range = (index: number): { readonly from: string; readonly to: string; readonly name: string } => {
    const at = (quarter: number): string => `${2023 + Math.floor(quarter / 4)}-${String((quarter % 4) * 3 + 1).padStart(2, '0')}-01`;
    return { from: at(index), to: at(index + 1), name: `public.revenues_${2023 + Math.floor(index / 4)}_q${(index % 4) + 1}` };
  };
  const ranges = Array.from({ length: 18 }, (_, index) => index).filter((index) => index !== 6);
  const partitions = ranges.map((index) => {
    const { from, to, name } = range(index);
    const rows = index > 13 ? -1 : 2_400_000 + index * 310_000;
    const changes = { partition: name, from, to, isCurrent: index === 13, estimatedRows: rows, estimatedBytes: Math.max(rows, 34) * 240 };
    return partitionStatus(index === 2 ? { ...changes, state: 'foreign' } : changes);
  });
  const oldest = partitionStatus({
    partition: 'public.revenues_old',
    from: 'MINVALUE',
    to: '2023-01-01',
    estimatedRows: 9_400_000,
    estimatedBytes: 2.1e9,
  });
  const rest = partitionStatus({ partition: 'public.revenues_default', state: 'default', estimatedRows: 1_204, estimatedBytes: 303_104 });
  const detached = ['2021_q1', '2021_q2'].map((name, index) =>
    partitionStatus({
      partition: `public.revenues_${name}`,
      state: 'detached',
      from: `2023-0${1 + 3 * index}-01`,
      to: `2023-0${4 + 3 * index}-01`,
      estimatedRows: -1,
      estimatedBytes: 0,
    }),
  );
  return tableStatus({
    table: 'public.revenues',
    interval: '1 quarter',
    partitions: [oldest, ...partitions, rest, ...detached],
    futureCount: 4,
    coverageEnd: '2027-07-01',
    retentionCutoff: '2023-05-17',
    position: '2026-05-17',
    gaps: [{ from: '2024-07-01', to: '2024-10-01' }],
    steps: 2,
    findings: [
      {
        kind: 'gap',
        severity: 'error',
        message: 'No partition takes keys from 2024-07-01 to 2024-10-01; inserts of them fail.',
        partition: null,
      },
      {
        kind: 'default-rows',
        severity: 'warning',
        message: 'The default partition has 1,204 rows that belong to ranges.',
        partition: 'public.revenues_default',
      },
    ],
    probes: [
      probe({ probe: 'daily-report' }),
      probe({
        probe: 'yearly-report',
        outcome: 'missed',
        scanned: 18,
        allowed: 5,
        problems: ['18 partitions are scanned, 5 are allowed: no condition on the key revenue_date.'],
      }),
      probe({
        probe: 'broken',
        outcome: 'failed',
        scanned: null,
        total: null,
        planningMs: null,
        executionMs: null,
        problems: ['syntax error at or near "FORM"'],
      }),
    ],
  });
}

export function probe(changes: Partial<ProbeStatus> = {}): ProbeStatus {
  return {
    probe: 'current-interval',
    ranAt: '2026-05-17T09:15:02Z',
    outcome: 'met',
    scanned: 1,
    total: 18,
    allowed: 1,
    planningMs: 0.84,
    executionMs: 12.4,
    problems: [],
    lastMissAt: null,
    ...changes,
  };
}

/** An integer key far beyond what a JavaScript number holds exactly. */
function counters(): TableStatus {
  const step = 1_000_000_000_000n;
  const base = 9_007_199_254_740_993_000n;
  const partitions = Array.from({ length: 24 }, (_, index) => {
    const from = base + BigInt(index) * step;
    return partitionStatus({
      partition: `public.ledger_${from}`,
      from: String(from),
      to: String(from + step),
      isCurrent: index === 20,
      estimatedRows: index > 20 ? -1 : 900_000,
      estimatedBytes: index > 20 ? 8_192 : 90_000_000 + index * 4_000_000,
    });
  });
  return tableStatus({
    table: 'public.ledger',
    interval: String(step),
    partitions,
    futureCount: 3,
    coverageEnd: String(base + 24n * step),
    axis: 'integer',
    position: null,
  });
}

/** A bit of everything that the page shows, in two databases; `hostile` is the name of a table. */
export function sampleStatuses(hostile = 'public."<script>alert(1)</script>"'): readonly ServedStatus[] {
  const run = (task: string, minute: number, outcome: 'ok' | 'failed' = 'ok') => ({
    task,
    startedAt: `2026-05-17T09:${minute}:00Z`,
    finishedAt: `2026-05-17T09:${minute}:04Z`,
    outcome,
  });
  const busy = daily({
    inProgress: [
      { partition: 'public.events_p2026_05_14', command: 'vacuum', phase: 'scanning heap', done: 4_100, total: 9_800 },
      { partition: 'public.events_p2026_05_13', command: 'create-index', phase: 'building index', done: 0, total: 0 },
    ],
    probes: [probe({ total: 401 })],
  });
  const app = servedStatus(
    [
      quarters(),
      busy,
      counters(),
      daily({ table: hostile }, 20, 4),
      daily({ table: 'public.measurements', steps: 3 }, 9_995, 4),
      tableStatus({ table: 'public.gone', error: 'relation "public.gone" does not exist', axis: null, position: null }),
    ],
    {
      runs: [run('provision', 12), run('retention', 14, 'failed'), run('maintenance', 16)],
      nextRuns: [
        { task: 'provision', at: '2026-05-17T10:12:00Z' },
        { task: 'probe', at: '2026-05-17T09:45:00Z' },
        { task: 'retention', at: '2026-05-18T02:00:00Z' },
      ],
      leader: { holder: 'partitiond:run db-1/4711', epoch: '7', since: '2026-05-01T08:00:11Z' },
      paused: { reason: 'load test', by: 'anna', at: '2026-05-17T08:00:00Z' },
    },
  );
  const away = servedStatus([], {
    database: 'billing',
    now: null,
    error: 'connect ECONNREFUSED 10.0.0.7:5432',
    leadership: { isLeading: false, epoch: null, refused: 'standby' },
  });
  return [app, away];
}
