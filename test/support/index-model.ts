/**
 * The indexes of a partitioned table in memory, with the journal's marks: they change as PostgreSQL and apply/ would change them when steps are applied, or killed
 * half-way, and what PostgreSQL would refuse is an error.
 */
import { spellIndex } from '../../src/partition/index-definition.ts';
import type { PartitionedTable } from '../../src/partition/partition.ts';
import type { IndexPolicy, TablePolicy } from '../../src/partition/policy.ts';
import { formatQualifiedName, type QualifiedName, quoteIdentifier } from '../../src/partition/qualified-name.ts';
import type { IndexFacts, IndexMark, RelationFacts, UpkeepFacts } from '../../src/partition/upkeep.ts';
import { type IndexPlan, planIndexes } from '../../src/plan/indexes/plan-indexes.ts';
import type { PlanContext } from '../../src/plan/plan-context.ts';
import { subjectOf } from '../../src/plan/subject.ts';
import { contextAt, modelOf, named, partition, policyOf } from './model.ts';

export type IndexStep = IndexPlan['steps'][number];

export interface IndexModel {
  readonly policy: TablePolicy;
  readonly table: PartitionedTable;
  readonly relations: readonly RelationFacts[];
  readonly indexes: readonly IndexFacts[];
  readonly marks: readonly IndexMark[];
  readonly leaving: readonly string[];
  readonly taken: readonly string[];
  readonly isWhole: boolean;
  readonly mayCreateIndexes: boolean;
}

/** Months of 2025 as p1 (January) and so on; `contextAt` stands in p3. Below those of `subpartitioned` there are `p2_a` and `p2_b`. */
export function indexModel(
  months: number,
  policy: Partial<TablePolicy>,
  {
    subpartitioned = [],
    foreign = [],
    ...changes
  }: Partial<IndexModel> & { readonly subpartitioned?: readonly string[]; readonly foreign?: readonly string[] } = {},
): IndexModel {
  const ranges = Array.from({ length: months }, (_, at) => [`2025-${two(at + 1)}-01`, `2025-${two(at + 2)}-01`] as const);
  const { table } = modelOf({ ranges });
  const relations = table.partitions.flatMap(({ oid, name }) => {
    const isSubpartitioned = subpartitioned.includes(name.name);
    const kind = isSubpartitioned ? 'partitioned' : foreign.includes(name.name) ? 'foreign' : 'table';
    const root = relation(name.name, { oid, rootOid: oid, parentOid: table.oid, kind });
    return isSubpartitioned
      ? [root, ...['a', 'b'].map((letter) => relation(`${name.name}_${letter}`, { rootOid: oid, parentOid: oid }))]
      : [root];
  });
  const nothing = { indexes: [], marks: [], leaving: [], taken: [] };
  return { policy: policyOf(policy), table, relations, ...nothing, isWhole: true, mayCreateIndexes: true, ...changes };
}

export function withDefault(model: IndexModel): IndexModel {
  const added = partition('rest', { kind: 'default' });
  const place = relation('rest', { oid: added.oid, rootOid: added.oid, parentOid: model.table.oid });
  return { ...model, table: { ...model.table, partitions: [...model.table.partitions, added] }, relations: [...model.relations, place] };
}

export function entry(name: string, changes: Partial<IndexPolicy> = {}): IndexPolicy {
  return {
    name,
    keys: [{ kind: 'column', column: 'status', options: '' }],
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

/** An index on the relation of that name, valid, on (status). */
export function index(name: string, relationName: string, changes: Partial<IndexFacts> = {}): IndexFacts {
  return {
    oid: `oid of ${name}`,
    name: named(name),
    relationOid: relationName === 't' ? '100' : `oid of ${relationName}`,
    parentIndexOid: null,
    isValid: true,
    isBuilding: false,
    isUnique: false,
    isConstraint: false,
    method: 'btree',
    keys: ['status'],
    include: [],
    where: null,
    bytes: 0,
    wastedBytes: null,
    ...changes,
  };
}

export function markOf({ name, relationOid }: IndexFacts, wanted: IndexPolicy, state: IndexMark['state'] = 'built'): IndexMark {
  return { relationOid, tableOid: '100', index: name, policyName: wanted.name, definition: spellIndex(wanted), state, rebuilt: null };
}

export function planIndexModel(model: IndexModel, changes: Partial<PlanContext> = {}): IndexPlan {
  const subject = subjectOf(model.policy, model.table, contextAt('2025-03-10T12:00:00Z', { tasks: ['index'], ...changes }));
  if ('problem' in subject) throw new Error(subject.problem);
  return planIndexes(subject, factsOf(model), new Set(model.leaving));
}

/** `create-index only t: x`, one for each step. */
export function told({ steps }: IndexPlan): readonly string[] {
  return steps.map((step) => {
    const how = step.kind === 'create-index' ? ` ${step.how}` : '';
    const to = step.kind === 'attach-index' ? ` to ${step.parentIndex.name}` : '';
    return `${step.kind}${how} ${step.partition.name}: ${step.index.name}${to}`;
  });
}

export function applyIndexSteps(model: IndexModel, steps: readonly IndexStep[]): IndexModel {
  return steps.reduce(applyIndexStep, model);
}

/** As far as `kill -9` lets it come. */
export function killIndexStep(model: IndexModel, step: IndexStep): IndexModel {
  switch (step.kind) {
    case 'create-index':
      if (step.how === 'only') return model;
      return mark(add(model, { ...made(model, step), isValid: false }), markOfStep(step, 'building'));
    case 'reindex': {
      const { indexes } = model;
      const rebuilt = find(model, step.index);
      const second = named(`${step.index.name}_ccnew`);
      const marked = mark(model, beginReindex(model, step));
      if (indexes.some(({ name }) => isSame(name, second))) return marked;
      return add(marked, { ...rebuilt, oid: `${rebuilt.oid} ccnew`, name: second, isValid: false, parentIndexOid: null });
    }
    case 'drop-index':
      return step.concurrently ? change(model, step.index, { isValid: false }) : model;
    case 'attach-index':
      return model;
  }
}

/** The partitions that were leaving are gone. */
export function leave(model: IndexModel): IndexModel {
  const stays = ({ oid }: { readonly oid: string }): boolean => !model.leaving.includes(oid);
  const relations = model.relations.filter(({ rootOid }) => stays({ oid: rootOid }));
  const places = new Set(['100', ...relations.map(({ oid }) => oid)]);
  return {
    ...model,
    table: { ...model.table, partitions: model.table.partitions.filter(stays) },
    relations,
    indexes: model.indexes.filter(({ relationOid }) => places.has(relationOid)),
    leaving: [],
  };
}

function applyIndexStep(model: IndexModel, step: IndexStep): IndexModel {
  switch (step.kind) {
    case 'create-index': {
      const hasBelow = model.relations.some(({ parentOid }) => parentOid === step.partitionOid);
      const isPartitioned = step.partitionOid === '100' || placeOf(model, step.partitionOid).kind === 'partitioned';
      if (isPartitioned !== (step.how === 'only')) throw new Error('CONCURRENTLY is not for partitioned tables, ONLY for no others');
      return mark(add(model, { ...made(model, step), isValid: !isPartitioned || !hasBelow }), markOfStep(step, 'built'));
    }
    case 'reindex':
      if (find(model, step.index).oid !== step.indexOid) throw new Error('another index');
      return mark(change(model, step.index, { isValid: true }), { ...beginReindex(model, step), state: 'built' });
    case 'attach-index':
      return attach(model, step.index, step.partitionOid, find(model, step.parentIndex));
    case 'drop-index':
      return drop(model, step);
  }
}

function attach(model: IndexModel, name: QualifiedName, relationOid: string, parent: IndexFacts): IndexModel {
  const child = find(model, name);
  if (child.relationOid !== relationOid || placeOf(model, relationOid).parentOid !== parent.relationOid) throw new Error('not below');
  if (child.parentIndexOid !== null && child.parentIndexOid !== parent.oid) throw new Error('attached to another');
  const rival = model.indexes.find((other) => other.relationOid === relationOid && other.parentIndexOid === parent.oid);
  if (rival !== undefined && rival !== child) throw new Error('another index is attached already');
  if (child.keys.join() !== parent.keys.join()) throw new Error('the definitions differ');
  return validate(change(model, name, { parentIndexOid: parent.oid }), parent.oid);
}

/** As PostgreSQL does at each attach, the repeated ones included (14.23, 18.4). */
function validate(model: IndexModel, oid: string): IndexModel {
  const parent = model.indexes.find((one) => one.oid === oid);
  if (parent === undefined || parent.isValid) return model;
  const attached = model.indexes.filter(({ parentIndexOid, isValid }) => parentIndexOid === oid && isValid).length;
  const below = model.relations.filter(({ parentOid }) => parentOid === parent.relationOid).length;
  if (attached !== below) return model;
  const next = change(model, parent.name, { isValid: true });
  return parent.parentIndexOid === null ? next : validate(next, parent.parentIndexOid);
}

function drop(model: IndexModel, step: Extract<IndexStep, { readonly kind: 'drop-index' }>): IndexModel {
  const dropped = find(model, step.index);
  if (dropped.oid !== step.indexOid || dropped.parentIndexOid !== null || dropped.isConstraint) throw new Error('2BP01: another needs it');
  if (step.concurrently !== (step.partitionOid !== '100' && placeOf(model, step.partitionOid).kind === 'table'))
    throw new Error('CONCURRENTLY');
  const gone = new Set([dropped.oid]);
  // Parents come before what is attached to them after a few passes, whatever the order.
  for (let depth = 0; depth < 3; depth += 1) {
    for (const { oid, parentIndexOid } of model.indexes) if (parentIndexOid !== null && gone.has(parentIndexOid)) gone.add(oid);
  }
  const indexes = model.indexes.filter(({ oid }) => !gone.has(oid));
  return { ...model, indexes, marks: model.marks.filter((one) => indexes.some((other) => isOf(one, other))) };
}

function made(
  { indexes }: IndexModel,
  { index: name, partitionOid, definition }: Extract<IndexStep, { readonly kind: 'create-index' }>,
): IndexFacts {
  return {
    ...index(name.name, ''),
    oid: `${name.name} ${indexes.length}`,
    name,
    relationOid: partitionOid,
    method: definition.method,
    isUnique: definition.isUnique,
    include: definition.include,
    where: definition.where,
    keys: definition.keys.map((key) => (key.kind === 'column' ? quoteIdentifier(key.column) : key.expression)),
  };
}

function add(model: IndexModel, added: IndexFacts): IndexModel {
  if (model.indexes.some(({ name }) => isSame(name, added.name))) throw new Error(`42P07: ${added.name.name}`);
  return { ...model, indexes: [...model.indexes, added] };
}

function change(model: IndexModel, name: QualifiedName, changes: Partial<IndexFacts>): IndexModel {
  return { ...model, indexes: model.indexes.map((one) => (isSame(one.name, name) ? { ...one, ...changes } : one)) };
}

function mark(model: IndexModel, added: IndexMark): IndexModel {
  const others = model.marks.filter((one) => one.relationOid !== added.relationOid || !isSame(one.index, added.index));
  return { ...model, marks: [...others, added] };
}

function markOfStep(step: Extract<IndexStep, { readonly kind: 'create-index' }>, state: IndexMark['state']): IndexMark {
  const { partitionOid, tableOid, index: name, definition } = step;
  return {
    relationOid: partitionOid,
    tableOid,
    index: name,
    policyName: definition.name,
    definition: spellIndex(definition),
    state,
    rebuilt: null,
  };
}

function beginReindex({ marks }: IndexModel, { index: name, partitionOid, tableOid }: IndexStep): IndexMark {
  const old = marks.find((one) => one.relationOid === partitionOid && isSame(one.index, name));
  return {
    policyName: null,
    definition: null,
    rebuilt: null,
    ...old,
    relationOid: partitionOid,
    tableOid,
    index: name,
    state: 'building',
  };
}

function isOf(one: IndexMark, { relationOid, name }: IndexFacts): boolean {
  return one.relationOid === relationOid && isSame(one.index, name);
}

function find({ indexes }: IndexModel, name: QualifiedName): IndexFacts {
  const found = indexes.find((one) => isSame(one.name, name));
  if (found === undefined) throw new Error(`42704: ${formatQualifiedName(name)}`);
  return found;
}

function placeOf({ relations }: IndexModel, oid: string): RelationFacts {
  const found = relations.find((one) => one.oid === oid);
  if (found === undefined) throw new Error(`42P01: ${oid}`);
  return found;
}

function isSame(a: QualifiedName, b: QualifiedName): boolean {
  return a.schema === b.schema && a.name === b.name;
}

function factsOf({ relations, indexes, marks, taken, isWhole, mayCreateIndexes }: IndexModel): UpkeepFacts {
  return {
    parentAnalyzedAt: null,
    mayMaintain: true,
    mayCreateIndexes,
    freezeMaxAge: 200_000_000,
    multixactFreezeMaxAge: 400_000_000,
    relations,
    isWhole,
    indexes,
    takenIndexNames: new Set(taken),
    marks: { frozen: new Map(), indexes: marks },
  };
}

function relation(name: string, changes: Partial<RelationFacts>): RelationFacts {
  return {
    oid: `oid of ${name}`,
    name: named(name),
    rootOid: '',
    parentOid: '',
    kind: 'table',
    mayMaintain: true,
    mayReindex: true,
    liveRows: 0,
    deadRows: 0,
    changedRows: 0,
    isAnalyzed: true,
    analyzedAt: null,
    xidAge: 0,
    mxidAge: 0,
    filenode: '1',
    changes: 0,
    ...changes,
  };
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
