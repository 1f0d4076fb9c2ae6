import type { IndexPolicy, UpkeepLimits } from '../../src/partition/policy.ts';
import type { Analyze, AttachIndex, CreateIndex, DropIndex, Reindex, Vacuum } from '../../src/plan/step.ts';
import { named, revenues } from './steps.ts';

/** Steps of upkeep as the planner would make them for `public.revenues_2025_q2`, each field replaceable; indexes are called `i`. */

export const limits: UpkeepLimits = {
  concurrency: 2,
  window: null,
  costDelayMs: null,
  costLimit: null,
  maxReplicationLagMs: null,
  maxLockWaiters: null,
};

const base = {
  table: revenues,
  tableOid: '1',
  partition: named('revenues_2025_q2'),
  partitionOid: '2',
  range: { from: 1_743_465_600_000_000n, to: 1_751_328_000_000_000n },
  limits,
};

export function vacuum(changes: Partial<Vacuum> = {}): Vacuum {
  return {
    ...base,
    kind: 'vacuum',
    task: 'maintenance',
    reason: 'its rows are dead',
    freeze: false,
    analyze: false,
    frozen: null,
    ...changes,
  };
}

export function analyze(changes: Partial<Analyze> = {}): Analyze {
  return { ...base, kind: 'analyze', task: 'maintenance', reason: 'it was never analysed', isParent: false, ...changes };
}

export function reindex(changes: Partial<Reindex> = {}): Reindex {
  return {
    ...base,
    kind: 'reindex',
    task: 'maintenance',
    reason: 'it is invalid',
    index: named('revenues_2025_q2_i'),
    indexOid: '3',
    ...changes,
  };
}

export function createIndex(changes: Partial<CreateIndex> = {}): CreateIndex {
  return {
    ...base,
    kind: 'create-index',
    task: 'index',
    reason: 'the policy asks for it',
    index: named('revenues_2025_q2_i'),
    definition: columnIndex('id'),
    how: 'concurrently',
    ...changes,
  };
}

export function attachIndex(changes: Partial<AttachIndex> = {}): AttachIndex {
  return {
    ...base,
    kind: 'attach-index',
    task: 'index',
    reason: 'it belongs to the index of the table',
    index: named('revenues_2025_q2_i'),
    parentIndex: named('i'),
    ...changes,
  };
}

export function dropIndex(changes: Partial<DropIndex> = {}): DropIndex {
  return {
    ...base,
    kind: 'drop-index',
    task: 'index',
    reason: 'the policy no longer asks for it',
    index: named('revenues_2025_q2_i'),
    indexOid: '3',
    concurrently: true,
    ...changes,
  };
}

export function columnIndex(column: string, changes: Partial<IndexPolicy> = {}): IndexPolicy {
  return {
    name: 'i',
    keys: [{ kind: 'column', column, options: '' }],
    method: 'btree',
    isUnique: false,
    include: [],
    where: null,
    storage: {},
    tablespace: null,
    partitions: { kind: 'all' },
    ...changes,
  };
}

export function expressionIndex(expression: string, changes: Partial<IndexPolicy> = {}): IndexPolicy {
  return columnIndex('', { keys: [{ kind: 'expression', expression }], ...changes });
}
