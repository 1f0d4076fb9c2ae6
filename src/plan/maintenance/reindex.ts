/** Which indexes of leaves are rebuilt, and what is said of those that are invalid or mostly waste, whether they are rebuilt or not. */
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import type { IndexFacts, IndexMark, UpkeepFacts } from '../../partition/upkeep.ts';
import { type Finding, warning } from '../finding.ts';
import { leftoverOf } from '../leftover.ts';
import type { Reindex } from '../step.ts';
import type { Subject } from '../subject.ts';
import { canReindexConcurrently, invalidIndex, markOf } from './index-state.ts';
import { compareLeaves, compareNames, type Leaf } from './leaf.ts';
import { formatBytes, formatShare } from './quantities.ts';

/** An index that is to be rebuilt. */
export interface Rebuild {
  readonly leaf: Leaf;
  readonly step: Reindex;
  /** Infinity for an invalid one. */
  readonly wastedBytes: number;
}

export interface IndexUpkeep {
  readonly rebuilds: readonly Rebuild[];
  readonly findings: readonly Finding[];
}

/**
 * Looks at the indexes that `facts` tells of, in its order. One that is being built is left alone; one that the task `index` finishes or removes
 * is only told of, and so is one that the role may not rebuild: MAINTAIN would do for the REINDEX, but not to drop what an interrupted one
 * leaves. Without `maintenance` in the policy nothing is rebuilt, and bloat is not looked for. Pure, throws nothing.
 */
export function planReindex(subject: Subject, facts: UpkeepFacts, leaves: readonly Leaf[]): IndexUpkeep {
  const leavesByOid = new Map(leaves.map((leaf) => [leaf.oid, leaf]));
  const rebuilds: Rebuild[] = [];
  const findings: Finding[] = [];
  for (const index of facts.indexes) {
    if (index.isBuilding) continue;
    const leaf = leavesByOid.get(index.relationOid);
    if (leaf === undefined) {
      if (!index.isValid && isPartitioned(subject, facts, index)) findings.push(incompleteFinding(index));
      continue;
    }
    const fault = index.isValid ? findBloat(subject, facts, index, leaf) : findInvalid(subject, facts, index, leaf);
    if (fault === null) continue;
    const rebuild = fault.isRepaired ? rebuildOf(subject, index, leaf, fault) : null;
    if (rebuild !== null) rebuilds.push(rebuild);
    const byHand = leaf.mayReindex ? fault.remedy : `partitiond's role does not have the owner's rights. ${fault.remedy}`;
    const future = rebuild === null ? byHand : 'partitiond rebuilds it.';
    findings.push(
      warning(
        fault.kind,
        `Index ${formatQualifiedName(index.name)} of ${formatQualifiedName(leaf.name)} ${fault.what}. ${future}`,
        leaf.name,
      ),
    );
  }
  return { rebuilds, findings };
}

/** Invalid ones first, then those with the most waste. */
export function compareRebuilds(a: Rebuild, b: Rebuild): number {
  return compareNumbers(b.wastedBytes, a.wastedBytes) || compareLeaves(a.leaf, b.leaf) || compareNames(a.step.index, b.step.index);
}

interface Fault {
  readonly kind: 'invalid-index' | 'bloated-index';
  readonly reason: string;
  readonly what: string;
  /** Whether a rebuild is what helps. */
  readonly isRepaired: boolean;
  /** What to do when partitiond does not rebuild it. */
  readonly remedy: string;
  readonly wastedBytes: number;
}

/** An index may grow by so much after a REINDEX before an estimate that found waste right after it is believed again. */
const believableGrowth = 1.25;

/** Nor may its table lose more than a fifth of its rows: what they took up is waste now. A partial index has fewer entries than that has rows. */
const believableRest = 0.8;

/** The waste is an estimate: what a REINDEX did not get rid of is none. */
function isAsRebuilt({ bytes }: IndexFacts, { liveRows }: Leaf, mark: IndexMark | undefined): boolean {
  const rebuilt = mark?.rebuilt ?? null;
  return rebuilt !== null && bytes <= believableGrowth * rebuilt.bytes && liveRows >= believableRest * rebuilt.rows;
}

function findBloat({ policy: { maintenance } }: Subject, facts: UpkeepFacts, index: IndexFacts, leaf: Leaf): Fault | null {
  const { bytes, wastedBytes } = index;
  const most = maintenance?.reindexBloat ?? null;
  if (maintenance === null || most === null || wastedBytes === null || bytes < maintenance.reindexMinBytes) return null;
  const mark = markOf(index, facts.marks.indexes);
  if (!(wastedBytes / bytes > most) || isAsRebuilt(index, leaf, mark)) return null;
  const hasFailed = mark?.state === 'failed';
  const waste = `${formatBytes(wastedBytes)} of its ${formatBytes(bytes)}`;
  return {
    kind: 'bloated-index',
    reason: `an estimated ${waste} are waste, more than ${formatShare(most)}`,
    what: `is bloated: an estimated ${waste} are waste, and the policy allows ${formatShare(most)}`,
    isRepaired: !hasFailed,
    remedy: hasFailed ? `A REINDEX failed as its keys are not unique. ${afterDuplicates(rebuildByHand(index))}` : rebuildByHand(index),
    wastedBytes,
  };
}

function findInvalid({ policy }: Subject, { marks }: UpkeepFacts, index: IndexFacts, leaf: Leaf): Fault | null {
  const state = invalidIndex(index, leaf, policy, marks.indexes);
  const fault = { kind: 'invalid-index', reason: 'it is invalid', wastedBytes: Number.POSITIVE_INFINITY } as const;
  const effect = 'every write maintains it, and no query uses it';
  switch (state) {
    case 'ours':
      return {
        ...fault,
        what: 'is not finished: its build was interrupted',
        isRepaired: false,
        remedy: leaf.mayReindex ? 'The task index finishes or removes it.' : repairByHand(index),
      };
    case 'leftover': {
      const what = `is left of a REINDEX CONCURRENTLY that was interrupted: ${effect}`;
      const isOurs = leaf.mayReindex && leftoverOf(index, marks.indexes) !== undefined;
      const remedy = isOurs ? 'The task index removes it.' : `If no REINDEX is at work any more, run: ${dropByHand(index)}`;
      return { ...fault, what, isRepaired: false, remedy };
    }
    case 'duplicates': {
      const what = `is invalid, and a REINDEX failed as its keys are not unique: ${effect}`;
      return { ...fault, what, isRepaired: false, remedy: afterDuplicates(repairByHand(index)) };
    }
    case 'broken':
      return { ...fault, what: `is invalid: ${effect}`, isRepaired: true, remedy: repairByHand(index) };
  }
}

function rebuildOf(
  { policy: { maintenance }, table }: Subject,
  index: IndexFacts,
  leaf: Leaf,
  { reason, wastedBytes }: Fault,
): Rebuild | null {
  if (maintenance === null || !leaf.mayReindex || !canReindexConcurrently(index)) return null;
  const step: Reindex = {
    kind: 'reindex',
    table: table.name,
    tableOid: table.oid,
    partition: leaf.name,
    partitionOid: leaf.oid,
    range: leaf.range,
    index: index.name,
    indexOid: index.oid,
    limits: maintenance.limits,
    reason,
    task: 'maintenance',
  };
  return { leaf, step, wastedBytes };
}

function rebuildByHand(index: IndexFacts): string {
  const name = formatQualifiedName(index.name);
  if (canReindexConcurrently(index)) return `Rebuild it: REINDEX INDEX CONCURRENTLY ${name};`;
  return `As it stands behind an exclusion constraint, only REINDEX INDEX ${name}; rebuilds it, which blocks readers and writers.`;
}

function afterDuplicates(repair: string): string {
  return `Remove the duplicates first. ${repair} partitiond tries again a day after it failed.`;
}

/** What belongs to a constraint or to an index of the parent goes only with that. */
function repairByHand(index: IndexFacts): string {
  const canGo = !index.isConstraint && index.parentIndexOid === null;
  return canGo ? `${rebuildByHand(index)} Or remove it: ${dropByHand(index)}` : rebuildByHand(index);
}

function dropByHand(index: IndexFacts): string {
  return `DROP INDEX CONCURRENTLY ${formatQualifiedName(index.name)};`;
}

/** Of the partitioned table, or of a partition that is one. */
function isPartitioned({ table }: Subject, { relations }: UpkeepFacts, { relationOid }: IndexFacts): boolean {
  const isOne = (relation: { readonly oid: string; readonly kind: string }): boolean =>
    relation.oid === relationOid && relation.kind === 'partitioned';
  return relationOid === table.oid || table.partitions.some(isOne) || relations.some(isOne);
}

function incompleteFinding(index: IndexFacts): Finding {
  const what = `Index ${formatQualifiedName(index.name)} is invalid, as not every partition has a valid index that is attached to it`;
  const fix =
    'Where indexes of the policy asks for it, the task index completes it; otherwise make the missing ones and attach them, or drop it.';
  return warning('invalid-index', `${what}. ${fix}`);
}

/** Not by subtraction: Infinity minus itself is no number. */
function compareNumbers(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
