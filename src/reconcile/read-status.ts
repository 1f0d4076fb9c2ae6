import { readServerFacts } from '../catalog/read-server-facts.ts';
import { readJournal } from '../journal/read-journal.ts';
import { readLastRuns } from '../journal/runs.ts';
import { formatInstant } from '../partition/calendar.ts';
import { formatInterval } from '../partition/interval.ts';
import type { KeyCodec } from '../partition/key.ts';
import type { Partition, PartitionedTable } from '../partition/partition.ts';
import type { DatabasePolicy, Safety, TablePolicy } from '../partition/policy.ts';
import { contains, type EpochMicros, isPosition, type Range } from '../partition/position.ts';
import { formatQualifiedName } from '../partition/qualified-name.ts';
import { tableCoverage } from '../plan/coverage.ts';
import type { Task } from '../plan/step.ts';
import type { Clock } from '../postgres/clock.ts';
import type { Session } from '../postgres/session.ts';
import { assertUsableServer } from './assert-usable-server.ts';
import { type PlannedTable, planTables } from './plan-tables.ts';
import { readWork } from './read-work.ts';
import type { ReconcileRequest } from './request.ts';
import type { DatabaseStatus, PartitionStatus, RunStatus, TableStatus, WorkStatus } from './status.ts';
import { readMarksFor } from './upkeep-reading.ts';

/** All of them, so that the status has what `check` finds and `plan` would do. */
const everyTask: readonly Task[] = ['provision', 'retention', 'maintenance', 'index'];

/**
 * The tables of one database as they stand, in the order of the policy, with what a plan would do and find. Reads only. Throws
 * `ConnectionError` when the database is out of reach; what is wrong with one table stands in its `error`.
 */
export async function readDatabaseStatus(
  session: Session,
  database: DatabasePolicy,
  context: { readonly safety: Safety; readonly clock: Clock },
  signal: AbortSignal,
): Promise<DatabaseStatus> {
  const request: ReconcileRequest = { mode: 'plan', tasks: everyTask, tables: null, now: null, allowRemovals: null };
  const facts = await readServerFacts(session, context.clock, signal);
  assertUsableServer(facts, 'plan', database.name);
  const journal = await readJournal(session, database.journalSchema, signal);
  const runs = journal.isInstalled ? await readLastRuns(session, database.journalSchema, signal) : [];
  const marks = await readMarksFor({ request, session, database, signal }, journal);
  const planned = await planTables(database.tables, { session, journal, marks, facts, request, context, signal });
  const work = await readWork(session, signal);
  return {
    database: database.name,
    now: formatInstant(facts.now),
    paused: journal.pause === null ? null : { reason: journal.pause.reason, by: journal.pause.by, at: formatInstant(journal.pause.at) },
    error: null,
    leader: null,
    tables: planned.map((table) => tableStatus(table, facts.now, work)),
    runs: runs.map(
      (run): RunStatus => ({
        task: run.task,
        startedAt: formatInstant(run.startedAt),
        finishedAt: run.finishedAt === null ? null : formatInstant(run.finishedAt),
        outcome: run.outcome,
      }),
    ),
  };
}

function tableStatus(planned: PlannedTable, now: EpochMicros, work: ReadonlyMap<string, readonly WorkStatus[]>): TableStatus {
  const { policy, state, plan, error } = planned;
  const table = state?.kind === 'partitioned' ? state.table : null;
  return {
    table: formatQualifiedName(policy.table),
    interval: formatInterval(policy.interval),
    premake: policy.premake,
    ...(table === null ? unread : extent(policy, table, now)),
    steps: plan?.steps.length ?? 0,
    findings: (plan?.findings ?? []).map(({ kind, severity, message, partition }) => ({
      kind,
      severity,
      message,
      partition: partition === null ? null : formatQualifiedName(partition),
    })),
    error: error?.message ?? null,
    axis: table?.codec.axis ?? null,
    position: null,
    retentionCutoff: null,
    gaps: [],
    probes: [],
    inProgress: table === null ? [] : (work.get(table.oid) ?? []),
  };
}

type Extent = Pick<TableStatus, 'partitionCount' | 'futureCount' | 'coverageEnd' | 'estimatedRows' | 'estimatedBytes' | 'partitions'>;

const unread: Extent = { partitionCount: 0, futureCount: 0, coverageEnd: null, estimatedRows: 0, estimatedBytes: 0, partitions: [] };

function extent(policy: TablePolicy, table: PartitionedTable, now: EpochMicros): Extent {
  const coverage = tableCoverage(policy, table, now);
  const attached = table.partitions.filter((partition) => !partition.isDetachPending);
  const end = coverage?.end ?? null;
  return {
    partitionCount: attached.length,
    futureCount: coverage?.future.length ?? 0,
    coverageEnd: end === null || !isPosition(end) ? null : table.codec.display(end),
    estimatedRows: sum(attached.map((partition) => Math.max(partition.estimatedRows, 0))),
    estimatedBytes: sum(attached.map((partition) => partition.estimatedBytes)),
    partitions: partitionStatuses(table, (range) => coverage !== null && contains(range, coverage.position)),
  };
}

function partitionStatuses(table: PartitionedTable, isCurrent: (range: Range) => boolean): readonly PartitionStatus[] {
  const attached = table.partitions.map((partition): PartitionStatus => {
    const { bound } = partition;
    return {
      partition: formatQualifiedName(partition.name),
      state: stateOf(partition),
      ...edges(bound.kind === 'range' ? bound : null, table.codec),
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
        ...edges(gone.range, table.codec),
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

function edges(range: Range | null, codec: KeyCodec): { readonly from: string | null; readonly to: string | null } {
  return range === null ? { from: null, to: null } : { from: codec.display(range.from), to: codec.display(range.to) };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
