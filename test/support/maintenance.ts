/** What planning of maintenance is decided from, each field replaceable: by default a table of nothing but young, analysed, quiet leaves. */
import type { MaintenancePolicy } from '../../src/partition/policy.ts';
import type { EpochMicros } from '../../src/partition/position.ts';
import type { IndexFacts, IndexMark, RelationFacts, UpkeepFacts } from '../../src/partition/upkeep.ts';
import { instant, named } from './model.ts';

/** The defaults of the configuration. */
export function maintenanceOf(changes: Partial<MaintenancePolicy> = {}): MaintenancePolicy {
  return {
    vacuumDeadRatio: 0.1,
    vacuumDeadRows: 1_000_000,
    analyzeChangedRatio: 0.1,
    analyzeChangedRows: 1_000_000,
    freezeAgeRatio: 0.75,
    freezeClosed: true,
    closedForMs: 3_600_000,
    reindexBloat: 0.5,
    reindexMinBytes: 64 * 1024 * 1024,
    parentAnalyzeEveryMs: 86_400_000,
    limits: { concurrency: 2, window: null, costDelayMs: null, costLimit: null, maxReplicationLagMs: 30_000, maxLockWaiters: 10 },
    ...changes,
  };
}

/** Midday of 10 March 2025, as `contextAt` has it by default. */
const now = instant('2025-03-10T12:00:00Z');

export function ago(text: '1 minute' | '1 hour' | '2 hours' | '1 day' | '2 days'): EpochMicros {
  const minutes = { '1 minute': 1, '1 hour': 60, '2 hours': 120, '1 day': 1440, '2 days': 2880 }[text];
  return now - BigInt(minutes) * 60_000_000n;
}

/** The parent was analysed a minute ago, everything is allowed. */
export function factsOf(changes: Partial<UpkeepFacts> = {}): UpkeepFacts {
  return {
    parentAnalyzedAt: ago('1 minute'),
    mayMaintain: true,
    mayCreateIndexes: true,
    freezeMaxAge: 200_000_000,
    multixactFreezeMaxAge: 400_000_000,
    relations: [],
    isWhole: false,
    indexes: [],
    takenIndexNames: new Set(),
    marks: { frozen: new Map(), indexes: [] },
    ...changes,
  };
}

/** A partition of the table itself, with 20,000 rows, analysed a minute ago; `name` as the model names it. */
export function leafOf(name: string, changes: Partial<RelationFacts> = {}): RelationFacts {
  return {
    oid: `oid of ${name}`,
    name: named(name),
    rootOid: `oid of ${name}`,
    parentOid: '100',
    kind: 'table',
    mayMaintain: true,
    mayReindex: true,
    liveRows: 20_000,
    deadRows: 0,
    changedRows: 0,
    isAnalyzed: true,
    analyzedAt: ago('1 minute'),
    xidAge: 1000,
    mxidAge: 1000,
    filenode: '1',
    changes: 20_000,
    ...changes,
  };
}

/** A valid B-tree of 100 MB without waste. */
export function indexOf(name: string, relation: string, changes: Partial<IndexFacts> = {}): IndexFacts {
  return {
    oid: `oid of ${name}`,
    name: named(name),
    relationOid: `oid of ${relation}`,
    parentIndexOid: null,
    isValid: true,
    isBuilding: false,
    isUnique: false,
    isConstraint: false,
    method: 'btree',
    keys: ['at'],
    include: [],
    where: null,
    bytes: 100 * 1024 * 1024,
    wastedBytes: 0,
    ...changes,
  };
}

export function markOf(index: string, relation: string, changes: Partial<IndexMark> = {}): IndexMark {
  return {
    relationOid: `oid of ${relation}`,
    tableOid: '100',
    index: named(index),
    policyName: 'i',
    definition: 'USING btree (at)',
    state: 'building',
    rebuilt: null,
    ...changes,
  };
}
