import type { ProbeSummary } from '../journal/probe-records.ts';
import { formatInstant } from '../partition/calendar.ts';
import { formatInterval } from '../partition/interval.ts';
import type { KeyCodec } from '../partition/key.ts';
import type { Partition, PartitionedTable } from '../partition/partition.ts';
import type { TablePolicy } from '../partition/policy.ts';
import { contains, type Edge, type EpochMicros, isPosition, type Range } from '../partition/position.ts';
import { probeNames } from '../partition/probe-names.ts';
import { formatQualifiedName } from '../partition/qualified-name.ts';
import { type Coverage, tableCoverage } from '../plan/coverage.ts';
import type { Finding } from '../plan/finding.ts';
import type { PlannedTable } from './plan-tables.ts';
import type { MigrationSummary, PartitionStatus, ProbeStatus, TableStatus, WorkStatus } from './status.ts';

/** What was read beside the tables. */
export interface Beside {
  /** Clock of the database. */
  readonly now: EpochMicros;
  /** By the oid of the table. */
  readonly work: ReadonlyMap<string, readonly WorkStatus[]>;
  /** Of all tables. */
  readonly probes: readonly ProbeSummary[];
  /** Of those that are not over, by the table as written. */
  readonly migrations: ReadonlyMap<string, MigrationSummary>;
}

/** One table as the status tells it. Pure, throws nothing; of a table that could not be read there is little to tell. */
export function tableStatus(planned: PlannedTable, { now, work, probes, migrations }: Beside): TableStatus {
  const { policy, state, plan, error } = planned;
  const name = formatQualifiedName(policy.table);
  const table = state?.kind === 'partitioned' ? state.table : null;
  return {
    table: name,
    interval: formatInterval(policy.interval),
    premake: policy.premake,
    ...(table === null ? unread : extent(policy, table, now)),
    ...decided(plan),
    error: error?.message ?? null,
    probes: probeStatuses(policy, probes),
    migration: migrations.get(name) ?? null,
    inProgress: work.get(table?.oid ?? '') ?? [],
  };
}

function decided(plan: PlannedTable['plan']): Pick<TableStatus, 'steps' | 'findings'> {
  return plan === null ? { steps: 0, findings: [] } : { steps: plan.steps.length, findings: plan.findings.map(foundStatus) };
}

function foundStatus({ kind, severity, message, partition }: Finding): TableStatus['findings'][number] {
  return { kind, severity, message, partition: partition === null ? null : formatQualifiedName(partition) };
}

/** What the partitions tell. */
type Extent = Omit<TableStatus, 'table' | 'interval' | 'premake' | 'steps' | 'findings' | 'error' | 'probes' | 'migration' | 'inProgress'>;

const unread: Extent = {
  partitionCount: 0,
  futureCount: 0,
  coverageEnd: null,
  estimatedRows: 0,
  estimatedBytes: 0,
  partitions: [],
  axis: null,
  position: null,
  retentionCutoff: null,
  gaps: [],
};

function extent(policy: TablePolicy, table: PartitionedTable, now: EpochMicros): Extent {
  const { codec } = table;
  const coverage = tableCoverage(policy, table, now);
  const attached = table.partitions.filter((partition) => !partition.isDetachPending);
  const end = coverage?.end ?? null;
  return {
    partitionCount: attached.length,
    futureCount: coverage?.future.length ?? 0,
    coverageEnd: end === null || !isPosition(end) ? null : codec.display(end),
    estimatedRows: sum(attached.map((partition) => Math.max(partition.estimatedRows, 0))),
    estimatedBytes: sum(attached.map((partition) => partition.estimatedBytes)),
    partitions: partitionStatuses(table, (range) => coverage !== null && contains(range, coverage.position)),
    ...landmarks(table, coverage, now),
  };
}

function landmarks(
  { codec, newest }: PartitionedTable,
  coverage: Coverage | null,
  now: EpochMicros,
): Pick<TableStatus, 'axis' | 'position' | 'retentionCutoff' | 'gaps'> {
  const position = codec.axis === 'time' ? codec.positionOf(now) : newest.position;
  const cutoff = coverage?.cutoff ?? null;
  return {
    axis: codec.axis,
    position: position === null ? null : codec.display(position),
    retentionCutoff: cutoff === null ? null : codec.display(cutoff),
    gaps: (coverage?.gaps ?? []).map(({ from, to }) => ({ from: codec.display(from), to: codec.display(to) })),
  };
}

function partitionStatuses(table: PartitionedTable, isCurrent: (range: Range) => boolean): readonly PartitionStatus[] {
  const edges = edgesOf(table.codec);
  const attached = table.partitions.map((partition): PartitionStatus => {
    const { bound } = partition;
    return {
      partition: formatQualifiedName(partition.name),
      state: stateOf(partition),
      ...edges(bound.kind === 'range' ? bound : null),
      isCurrent: bound.kind === 'range' && isCurrent(bound),
      estimatedRows: partition.estimatedRows,
      estimatedBytes: partition.estimatedBytes,
    };
  });
  const detached = table.detached
    .filter((gone) => gone.state === 'present')
    .map((gone): PartitionStatus => {
      const name = formatQualifiedName(gone.name);
      return {
        partition: name,
        state: 'detached',
        ...edges(gone.range),
        isCurrent: false,
        estimatedRows: -1,
        estimatedBytes: 0,
      };
    });
  return [...attached, ...detached];
}

function stateOf(partition: Partition): PartitionStatus['state'] {
  if (partition.isDetachPending) return 'detach-pending';
  if (partition.bound.kind === 'default') return 'default';
  if (partition.bound.kind === 'unreadable') return 'unreadable';
  return partition.kind === 'foreign' ? 'foreign' : 'attached';
}

type Edges = Pick<PartitionStatus, 'from' | 'to'>;

/** Where one partition ends, its neighbour mostly begins: of 10,000 partitions half of the texts need not be made. */
function edgesOf(codec: KeyCodec): (range: Range | null) => Edges {
  let last: { readonly edge: Edge; readonly text: string } | null = null;
  return (range) => {
    if (range === null) return { from: null, to: null };
    const from = last?.edge === range.from ? last.text : codec.display(range.from);
    last = { edge: range.to, text: codec.display(range.to) };
    return { from, to: last.text };
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** In the order of the policy; a probe that it no longer has is left out before the journal forgets it. */
function probeStatuses(policy: TablePolicy, records: readonly ProbeSummary[]): readonly ProbeStatus[] {
  const { table } = policy;
  const ofTable = records.filter((record) => record.table.schema === table.schema && record.table.name === table.name);
  return probeNames(policy).flatMap((name) => ofTable.filter(({ probe }) => probe === name).map(probeStatus));
}

function probeStatus(summary: ProbeSummary): ProbeStatus {
  const { probe, outcome, scanned, total, allowed, planningMs, executionMs, problems } = summary;
  const ranAt = formatInstant(summary.ranAt);
  const lastMissAt = summary.lastMissAt === null ? null : formatInstant(summary.lastMissAt);
  return { probe, ranAt, outcome, scanned, total, allowed, planningMs, executionMs, problems, lastMissAt };
}
