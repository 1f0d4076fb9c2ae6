/**
 * A partitioned table in memory, which changes as PostgreSQL would when steps are applied and refuses what PostgreSQL would refuse. Plans are
 * made against it as reconcile makes them: questions first, then the decision with their answers.
 */
import { parseInstant } from '../../src/partition/calendar.ts';
import { createKeyCodec } from '../../src/partition/codec.ts';
import { parseInterval, parseSpan } from '../../src/partition/interval.ts';
import type { KeyCodec, KeyColumn } from '../../src/partition/key.ts';
import type { KeyEncoding } from '../../src/partition/key-encoding.ts';
import type { DetachedTable, Evidence, Partition, PartitionedTable, PartitionTemplate } from '../../src/partition/partition.ts';
import type { Retention, TablePolicy } from '../../src/partition/policy.ts';
import {
  contains,
  type Edge,
  type EpochMicros,
  MAXVALUE,
  MINVALUE,
  overlaps,
  type Position,
  type Range,
} from '../../src/partition/position.ts';
import { formatQualifiedName, type QualifiedName } from '../../src/partition/qualified-name.ts';
import type { Plan, Questions } from '../../src/plan/plan.ts';
import type { PlanContext } from '../../src/plan/plan-context.ts';
import { planTable } from '../../src/plan/plan-table.ts';
import { questions } from '../../src/plan/questions.ts';
import type { DetachPartition, FinalizeDetach, Step } from '../../src/plan/step.ts';

export interface Model {
  readonly policy: TablePolicy;
  readonly table: PartitionedTable;
  /** Keys of rows in the default partition. */
  readonly defaultKeys: readonly Position[];
  /** Relations that are no partition of the table. */
  readonly strangers: readonly QualifiedName[];
  readonly referenced: ReadonlyMap<string, QualifiedName>;
}

export const template: PartitionTemplate = {
  owner: 'owner',
  grants: [],
  defaultGrantees: [],
  rowSecurity: { enabled: false, forced: false, policies: [] },
  replicaIdentity: { kind: 'default' },
  publications: [],
  storage: {},
  tablespace: null,
  accessMethod: null,
  statisticsTargets: [],
};

export function named(name: string, schema = 'public'): QualifiedName {
  return { schema, name };
}

/** Monthly, four ahead, no default partition, no retention, in UTC. */
export function policyOf(changes: Partial<TablePolicy> = {}): TablePolicy {
  return {
    table: named('t'),
    interval: parseInterval('1 month'),
    premake: 4,
    startFrom: null,
    timezone: 'UTC',
    encoding: { kind: 'auto' },
    name: '{table}_{from}',
    defaultPartition: 'none',
    retention: null,
    storage: {},
    maintenance: null,
    indexes: [],
    dropRemovedIndexes: false,
    probes: [],
    targetPartitionBytes: 32 * 1024 ** 3,
    migration: null,
    ...changes,
  };
}

export function keep(span: string, changes: Partial<Retention> = {}): Retention {
  return { keep: parseSpan(span), action: 'detach', grace: null, schema: null, ...changes };
}

export function instant(text: string): EpochMicros {
  return parseInstant(text, 'UTC');
}

/** 2025-03-10 at noon, everything allowed, all tasks. */
export function contextAt(now: string | EpochMicros = '2025-03-10T12:00:00Z', changes: Partial<PlanContext> = {}): PlanContext {
  return {
    now: typeof now === 'bigint' ? now : instant(now),
    clockSkewMs: 0,
    safety: { lockTimeoutMs: 100, lockBudgetMs: 300_000, statementTimeoutMs: 30_000, maxRemovals: 10, maxClockSkewMs: 300_000 },
    allowRemovals: null,
    tasks: ['provision', 'retention'],
    ...changes,
  };
}

export function codecOf(type: string, encoding: KeyEncoding = { kind: 'auto' }, timezone = 'UTC', scale: number | null = null): KeyCodec {
  const codec = createKeyCodec(keyOf(type, scale), encoding, timezone);
  if ('problem' in codec) throw new Error(codec.problem);
  return codec;
}

function keyOf(type: string, scale: number | null): KeyColumn {
  return { name: 'at', type, scale, collation: null };
}

export interface ModelSettings {
  readonly policy?: Partial<TablePolicy>;
  readonly type?: string;
  readonly scale?: number | null;
  /** Texts of bounds as the codec reads them, MINVALUE and MAXVALUE included; the name is `p1`, `p2`, ... */
  readonly ranges?: readonly (readonly [string, string])[];
  readonly partitions?: readonly Partition[];
  readonly table?: Partial<PartitionedTable>;
  readonly defaultKeys?: readonly Position[];
  readonly strangers?: readonly QualifiedName[];
  readonly referenced?: ReadonlyMap<string, QualifiedName>;
}

export function modelOf(settings: ModelSettings = {}): Model {
  const policy = policyOf(settings.policy);
  const codec = codecOf(settings.type ?? 'timestamp with time zone', policy.encoding, policy.timezone, settings.scale ?? null);
  const ranges = (settings.ranges ?? []).map(([from, to], index) => rangePartition(codec, `p${index + 1}`, from, to));
  const table: PartitionedTable = {
    oid: '100',
    name: policy.table,
    owner: 'owner',
    key: keyOf(settings.type ?? 'timestamp with time zone', settings.scale ?? null),
    codec,
    partitions: [...ranges, ...(settings.partitions ?? [])],
    detached: [],
    holds: [],
    newest: { position: null, beyondHorizon: null },
    defaultRows: null,
    leftoverGuards: [],
    referencedBy: [],
    isDefaultPublished: false,
    references: [],
    missingPrivileges: [],
    ...settings.table,
  };
  return withDefaultRows({
    policy,
    table,
    defaultKeys: settings.defaultKeys ?? [],
    strangers: settings.strangers ?? [],
    referenced: settings.referenced ?? new Map(),
  });
}

export function rangePartition(codec: KeyCodec, name: string, from: string, to: string, changes: Partial<Partition> = {}): Partition {
  const range: Range = { from: from === 'MINVALUE' ? MINVALUE : parse(codec, from), to: to === 'MAXVALUE' ? MAXVALUE : parse(codec, to) };
  return partition(name, { kind: 'range', ...range }, { boundText: `FOR VALUES FROM ('${from}') TO ('${to}')`, ...changes });
}

/** `2025-03-01` is midnight in UTC for keys with a time of day. */
function parse(codec: KeyCodec, text: string): Edge {
  return codec.parse(/^\d{4}-\d\d-\d\d$/.test(text) ? text + codec.format(0n).slice('1970-01-01'.length) : text);
}

export function partition(name: string, bound: Partition['bound'], changes: Partial<Partition> = {}): Partition {
  return {
    oid: `oid of ${name}`,
    name: named(name),
    kind: 'table',
    bound,
    boundText: bound.kind,
    isDetachPending: false,
    estimatedRows: -1,
    estimatedBytes: 0,
    ...changes,
  };
}

/** Plans as reconcile does: asks, answers from the model, decides. */
export function planModel(model: Model, context: PlanContext): Plan {
  return planTable(model.policy, model.table, answer(model, questions(model.policy, model.table, context)), context);
}

/** Answers only what was asked, like the catalog. */
export function answer(model: Model, asked: Questions): Evidence {
  const relations = new Set([...model.strangers, ...relationsOf(model.table)].map(formatQualifiedName));
  return {
    occupiedInDefault: asked.defaultRanges.filter((range) => model.defaultKeys.some((key) => contains(range, key))),
    referenced: new Map([...model.referenced].filter(([oid]) => asked.referencedOids.includes(oid))),
    takenNames: new Set(asked.names.filter((name) => relations.has(formatQualifiedName(name))).map(({ name }) => name)),
    template: asked.needsTemplate ? template : null,
  };
}

/** Applies steps one after the other; throws where PostgreSQL would. */
export function applySteps(model: Model, steps: readonly Step[], now: EpochMicros): Model {
  return steps.reduce((current, step) => {
    const settled = step.kind === 'drain-default' ? withoutKeys(current, step.range) : current;
    return withDefaultRows({ ...settled, table: applyStep(settled, step, now) });
  }, model);
}

/** Rows that moved out of the default partition. */
function withoutKeys(model: Model, range: Range): Model {
  return { ...model, defaultKeys: model.defaultKeys.filter((key) => !contains(range, key)) };
}

function applyStep(model: Model, step: Step, now: EpochMicros): PartitionedTable {
  const { table } = model;
  switch (step.kind) {
    case 'drop-guard':
      return { ...table, leftoverGuards: table.leftoverGuards.filter((name) => name !== step.constraint) };
    case 'create-default':
      refuseTaken(model, step.partition);
      if (table.partitions.some(({ bound }) => bound.kind === 'default')) throw new Error('there is a default partition already');
      return attach(table, partition(step.partition.name, { kind: 'default' }));
    case 'create-partition':
      refuseTaken(model, step.partition);
      refuseOverlap(model, step.range);
      if ((step.guard !== null) !== table.partitions.some(({ bound }) => bound.kind === 'default'))
        throw new Error('the guard does not fit');
      return attach(table, partition(step.partition.name, { kind: 'range', ...step.range }));
    case 'drain-default':
      refuseTaken(model, step.partition);
      refuseOverlap(model, step.range);
      if (!table.partitions.some(({ bound }) => bound.kind === 'default')) throw new Error('there is no default partition');
      return attach(table, partition(step.partition.name, { kind: 'range', ...step.range }));
    case 'finalize-detach':
      return detach(model, step, now);
    case 'detach-partition':
      if (step.concurrently && table.partitions.some(({ bound, isDetachPending }) => bound.kind === 'default' || isDetachPending)) {
        throw new Error('55000: cannot detach concurrently');
      }
      return detach(model, step, now);
    case 'drop-table':
      return drop(table, step.partitionOid, step.partition);
    case 'vacuum':
    case 'analyze':
    case 'reindex':
    case 'create-index':
    case 'attach-index':
    case 'drop-index':
      return table;
  }
}

function attach(table: PartitionedTable, added: Partition): PartitionedTable {
  return { ...table, partitions: [...table.partitions, added] };
}

function refuseTaken({ table, strangers }: Model, name: QualifiedName): void {
  const taken = [...strangers, ...relationsOf(table)].some((other) => other.schema === name.schema && other.name === name.name);
  if (taken) throw new Error(`42P07: relation ${formatQualifiedName(name)} already exists`);
}

function refuseOverlap({ table, defaultKeys }: Model, range: Range): void {
  if (!(range.from < range.to)) throw new Error('42P17: empty range');
  for (const { bound, name } of table.partitions) {
    if (bound.kind === 'range' && overlaps(bound, range)) throw new Error(`42P17: would overlap partition ${name.name}`);
  }
  if (defaultKeys.some((key) => contains(range, key))) throw new Error('23514: the default partition holds rows of the range');
}

function detach(model: Model, step: DetachPartition | FinalizeDetach, now: EpochMicros): PartitionedTable {
  const { table } = model;
  const leaving = table.partitions.find(({ oid }) => oid === step.partitionOid);
  if (leaving === undefined) throw new Error(`42P01: ${step.partition.name} is no partition`);
  if (leaving.isDetachPending !== (step.kind === 'finalize-detach')) throw new Error(`55000: ${step.partition.name} is pending or not`);
  const partitions = table.partitions.filter((other) => other !== leaving);
  const name = step.moveTo ?? step.partition;
  if (step.moveTo !== null) refuseTaken(model, name);
  if (step.range === null) return { ...table, partitions };
  const detached: DetachedTable = {
    oid: leaving.oid,
    name,
    range: step.range,
    detachedAt: now,
    dropAfter: step.dropAfter,
    origin: 'partition',
    state: 'present',
  };
  return { ...table, partitions, detached: [...table.detached, detached] };
}

function drop(table: PartitionedTable, oid: string, name: QualifiedName): PartitionedTable {
  const dropped = table.detached.find((detached) => detached.oid === oid && detached.state === 'present');
  if (dropped === undefined || formatQualifiedName(dropped.name) !== formatQualifiedName(name))
    throw new Error(`${name.name} is not a detached table`);
  return { ...table, detached: table.detached.filter((other) => other !== dropped) };
}

function relationsOf(table: PartitionedTable): readonly QualifiedName[] {
  return [table.name, ...table.partitions.map(({ name }) => name), ...table.detached.map(({ name }) => name)];
}

function withDefaultRows(model: Model): Model {
  const hasDefault = model.table.partitions.some(({ bound }) => bound.kind === 'default');
  const keys = model.defaultKeys.toSorted((a, b) => (a < b ? -1 : 1));
  const defaultRows = hasDefault ? { count: keys.length, isExact: true, min: keys[0] ?? null, max: keys.at(-1) ?? null } : null;
  return {
    ...model,
    table: { ...model.table, defaultRows: model.table.defaultRows?.isExact === false ? model.table.defaultRows : defaultRows },
  };
}
