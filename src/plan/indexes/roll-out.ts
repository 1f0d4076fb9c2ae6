/**
 * An index of the partitioned table that every partition has: made brief and invalid on the partitioned relations, built on each leaf beside
 * whoever uses it, and attached from below until PostgreSQL calls it valid. What is there already, from an earlier run or by hand, is used.
 */
import { indexNameOn, spellIndex } from '../../partition/index-definition.ts';
import type { IndexPolicy } from '../../partition/policy.ts';
import { formatQualifiedName, type QualifiedName } from '../../partition/qualified-name.ts';
import type { IndexFacts } from '../../partition/upkeep.ts';
import type { Finding } from '../finding.ts';
import { countOf, formatCount } from '../wording.ts';
import { explainObstacle, explainTaken, type TakenName } from './index-findings.ts';
import { attachIndex, createIndex, type IndexStep } from './index-steps.ts';
import { describePartitions } from './indexed-partitions.ts';
import type { Inventory, Place } from './inventory.ts';
import { lookAtLeaf, type OnLeaf, workOnLeaf } from './on-leaf.ts';

/** What one entry of `indexes` takes, in the order of the parts. */
export interface EntryPlan {
  /** On partitioned relations, from the top down: brief, and before everything else. */
  readonly onlys: readonly IndexStep[];
  /** Of each leaf in turn. */
  readonly leaves: readonly IndexStep[];
  /** On partitioned relations, from below. */
  readonly attaches: readonly IndexStep[];
  readonly findings: readonly Finding[];
  /** Oids of indexes that are what the entry asks for: whatever marks say, nobody drops them. */
  readonly kept: readonly string[];
}

/** An index of a partitioned relation, or one that this plan makes (then without an oid). */
interface ParentIndex {
  readonly name: QualifiedName;
  readonly oid: string | null;
  readonly isValid: boolean;
}

interface Work {
  readonly leaf: Place;
  readonly found: OnLeaf;
  readonly parent: ParentIndex;
}

/** Filled while walking down, from the newest partition to the oldest. */
interface Walk {
  readonly onlys: (readonly [place: Place, index: QualifiedName])[];
  readonly works: Work[];
  readonly attaches: (readonly [place: Place, index: QualifiedName, parent: QualifiedName])[];
  /** Indexes to which all is attached and which are invalid all the same, with one of those. */
  readonly stuck: (readonly [place: Place, index: QualifiedName, parent: QualifiedName])[];
  readonly taken: TakenName[];
  readonly kept: string[];
}

/** Plans an entry for `all` partitions. A valid index of the table with that shape, whatever its name, is all that it can ask for. */
export function planRollOut(inventory: Inventory, wanted: IndexPolicy): EntryPlan {
  const { table, facts } = inventory;
  const name: QualifiedName = { schema: table.name.schema, name: wanted.name };
  const named = inventory.indexNamed(name);
  const alike = preferName(
    inventory.indexesOf(table.oid).filter((index) => inventory.isAsAsked(index, wanted)),
    named,
  );
  const begun = alike.find(({ isValid }) => isValid) ?? alike.find(({ isConstraint }) => !isConstraint);
  if (begun !== undefined) return begun.isValid || begun.isBuilding ? nothing([], [begun.oid]) : rollOut(inventory, wanted, begun);
  // The keys of an expression cannot be read while its table is locked.
  if (named?.keys.length === 0) return nothing();
  const isTaken = named !== undefined || facts.takenIndexNames.has(wanted.name);
  if (isTaken) return nothing(explainTaken(inventory, wanted, [{ name, by: named ?? null }]));
  return rollOut(inventory, wanted, { name, oid: null, isValid: false });
}

function rollOut(inventory: Inventory, wanted: IndexPolicy, top: ParentIndex): EntryPlan {
  if (!inventory.facts.isWhole) return nothing();
  const obstacle = explainObstacle(inventory, wanted);
  if (obstacle !== null) return nothing([obstacle]);
  const walk: Walk = { onlys: [], works: [], attaches: [], stuck: [], taken: [], kept: [] };
  if (top.oid === null) walk.onlys.push([inventory.table, top.name]);
  else walk.kept.push(top.oid);
  walkBelow(inventory, wanted, inventory.table, top, walk);
  return assemble(inventory, wanted, top, walk);
}

/** Answers whether each relation below has its index, valid and attached. */
function walkBelow(inventory: Inventory, wanted: IndexPolicy, place: Place, parent: ParentIndex, walk: Walk): boolean {
  const children = inventory.below(place.oid);
  let isComplete = true;
  let attached: readonly [Place, QualifiedName] | null = null;
  for (const child of children) {
    const index =
      child.kind === 'partitioned' ? onPartitioned(inventory, wanted, child, parent, walk) : onLeaf(inventory, wanted, child, parent, walk);
    if (index === null) isComplete = false;
    else attached ??= [child, index];
  }
  if (isComplete && attached !== null && !parent.isValid) walk.stuck.push([...attached, parent.name]);
  return isComplete;
}

/** Name of the child's index, where nothing is left to be done; null: something is. */
function onLeaf(inventory: Inventory, wanted: IndexPolicy, leaf: Place, parent: ParentIndex, walk: Walk): QualifiedName | null {
  const found = lookAtLeaf(inventory, wanted, leaf, parent.oid);
  walk.works.push({ leaf, found, parent });
  if (found.kind === 'taken') walk.taken.push({ name: found.by.name, by: found.by });
  if (found.kind === 'failed') walk.kept.push(found.index.oid);
  if (found.kind !== 'has') return null;
  walk.kept.push(found.index.oid);
  return isAttached(found.index, parent) ? found.index.name : null;
}

function onPartitioned(inventory: Inventory, wanted: IndexPolicy, child: Place, parent: ParentIndex, walk: Walk): QualifiedName | null {
  const index = indexOfPartitioned(inventory, wanted, child, parent);
  const name = indexNameOn(wanted.name, child.name);
  if (index === undefined) {
    const by = inventory.indexNamed(name);
    if (by !== undefined) {
      walk.taken.push({ name, by });
      return null;
    }
    walk.onlys.push([child, name]);
  } else {
    walk.kept.push(index.oid);
  }
  const own = index ?? { name, oid: null, isValid: false };
  const isComplete = walkBelow(inventory, wanted, child, own, walk);
  if (index !== undefined && isAttached(index, parent)) return isComplete && index.isValid ? index.name : null;
  walk.attaches.push([child, own.name, parent.name]);
  return null;
}

function indexOfPartitioned(inventory: Inventory, wanted: IndexPolicy, child: Place, parent: ParentIndex): IndexFacts | undefined {
  const indexes = inventory.indexesOf(child.oid);
  const free = indexes.filter((index) => index.parentIndexOid === null && !index.isConstraint && inventory.isAsAsked(index, wanted));
  return indexes.find((index) => isAttached(index, parent)) ?? free.find(({ isValid }) => isValid) ?? free[0];
}

function assemble(inventory: Inventory, wanted: IndexPolicy, top: ParentIndex, walk: Walk): EntryPlan {
  const index = formatQualifiedName(top.name);
  const having = walk.works.filter(({ found }) => found.kind === 'has').length;
  const standing = `${formatCount(having)} of ${countOf(walk.works.length, 'partition')} ${having === 1 ? 'has' : 'have'} it`;
  const asked = `${index} is asked for on ${describePartitions(wanted.partitions)}, and ${standing}`;
  const attaching = `${index} becomes valid once every partition has attached its own`;
  const leaves = walk.works.map((work) => [
    ...workOnLeaf(inventory, wanted, work.leaf, work.found, asked),
    ...attachLeaf(inventory, work, attaching),
  ]);
  const attaches = walk.attaches.toReversed().map(([place, own, parent]) => attachIndex(inventory, place, own, parent, attaching));
  const mustWait = isAwaited(inventory, top);
  const repair = `all partitions have attached theirs, and ${index} is still invalid as one was removed meanwhile; PostgreSQL looks again when one is attached again`;
  const stuck = mustWait ? [] : walk.stuck.map(([place, own, parent]) => attachIndex(inventory, place, own, parent, repair));
  return {
    onlys: walk.onlys.map(([place, name]) => {
      const why =
        place === inventory.table
          ? `${spellIndex(wanted)} is asked for on all partitions, and ${formatQualifiedName(place.name)} has no such index`
          : asked;
      return createIndex(inventory, place, name, wanted, why);
    }),
    ...(mustWait ? holdLastAttach(top, leaves.flat(), attaches) : { leaves: leaves.flat(), attaches: [...attaches, ...stuck] }),
    findings: explainTaken(inventory, wanted, walk.taken),
    kept: walk.kept,
  };
}

function attachLeaf(inventory: Inventory, { leaf, found, parent }: Work, reason: string): readonly IndexStep[] {
  switch (found.kind) {
    case 'busy':
    case 'failed':
    case 'taken':
      return [];
    case 'has':
      return isAttached(found.index, parent) ? [] : [attachIndex(inventory, leaf, found.index.name, parent.name, reason)];
    case 'unfinished':
      return [attachIndex(inventory, leaf, found.index.name, parent.name, reason)];
    case 'lacks':
      return [attachIndex(inventory, leaf, found.name, parent.name, reason)];
  }
}

/**
 * PostgreSQL compares the number of attached indexes with that of partitions only when one is attached. A partition that is about to leave
 * without the index would be missing at the last attach, and nothing would come after it.
 */
function isAwaited({ subject, leaving, facts }: Inventory, top: ParentIndex): boolean {
  const attached = new Set(facts.indexes.filter((index) => isAttached(index, top)).map(({ relationOid }) => relationOid));
  return subject.table.partitions.some(({ oid, isDetachPending }) => leaving.has(oid) && !isDetachPending && !attached.has(oid));
}

/** Keeps one partition of the table unattached, until a run that finds the others gone. */
function holdLastAttach(
  top: ParentIndex,
  leaves: readonly IndexStep[],
  attaches: readonly IndexStep[],
): Pick<EntryPlan, 'leaves' | 'attaches'> {
  const last = [...leaves, ...attaches].findLast((step) => step.kind === 'attach-index' && step.parentIndex === top.name);
  const isOther = (step: IndexStep): boolean => step !== last;
  return { leaves: leaves.filter(isOther), attaches: attaches.filter(isOther) };
}

function isAttached(index: IndexFacts, parent: ParentIndex): boolean {
  return index.parentIndexOid !== null && index.parentIndexOid === parent.oid;
}

function preferName(indexes: readonly IndexFacts[], named: IndexFacts | undefined): readonly IndexFacts[] {
  return indexes.toSorted((a, b) => Number(b === named) - Number(a === named));
}

function nothing(findings: readonly Finding[] = [], kept: readonly string[] = []): EntryPlan {
  return { onlys: [], leaves: [], attaches: [], findings, kept };
}
