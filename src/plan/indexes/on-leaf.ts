import { indexNameOn, spellIndex } from '../../partition/index-definition.ts';
import type { IndexPolicy } from '../../partition/policy.ts';
import type { QualifiedName } from '../../partition/qualified-name.ts';
import type { IndexFacts } from '../../partition/upkeep.ts';
import { createIndex, dropIndex, type IndexStep, reindex } from './index-steps.ts';
import type { Inventory, Place } from './inventory.ts';

/** What one relation that holds rows has of an index that the policy asks for. */
export type OnLeaf =
  | { readonly kind: 'has'; readonly index: IndexFacts }
  /** Some session builds it right now. */
  | { readonly kind: 'busy'; readonly index: IndexFacts }
  /** `obsolete`: what an interrupted build for an earlier policy left under the name. */
  | { readonly kind: 'lacks'; readonly name: QualifiedName; readonly obsolete: IndexFacts | null }
  /** An interrupted build of ours, by its mark or by its name. */
  | { readonly kind: 'unfinished'; readonly index: IndexFacts }
  /** As above, but its REINDEX met keys that are not unique: nothing to do until those are gone. */
  | { readonly kind: 'failed'; readonly index: IndexFacts }
  | { readonly kind: 'taken'; readonly by: IndexFacts };

/**
 * Looks at one leaf for the index `wanted`. `parentIndexOid`: only what is attached to that index, or to none, will do; `undefined`: whatever it is
 * attached to. An index is known by its shape first, then by its name.
 */
export function lookAtLeaf(inventory: Inventory, wanted: IndexPolicy, leaf: Place, parentIndexOid: string | null | undefined): OnLeaf {
  const isUsable = (index: IndexFacts): boolean =>
    parentIndexOid === undefined || index.parentIndexOid === null || index.parentIndexOid === parentIndexOid;
  const isAttached = (index: IndexFacts): boolean => index.parentIndexOid !== null && index.parentIndexOid === parentIndexOid;
  const name = indexNameOn(wanted.name, leaf.name);
  const named = inventory.indexNamed(name);
  const alike = preferred(
    inventory.indexesOf(leaf.oid).filter((index) => isAttached(index) || (isUsable(index) && inventory.isAsAsked(index, wanted))),
    named,
  );
  const valid = alike.find((index) => index.isValid);
  if (valid !== undefined) return { kind: 'has', index: valid };
  const busy = [...alike, ...(named === undefined ? [] : [named])].find((index) => index.isBuilding);
  if (busy !== undefined) return { kind: 'busy', index: busy };
  const unfinished = alike.find((index) => index === named || isAttached(index));
  if (unfinished !== undefined) return { kind: inventory.hasFailed(unfinished) ? 'failed' : 'unfinished', index: unfinished };
  if (named === undefined) return { kind: 'lacks', name, obsolete: null };
  const isObsolete =
    named.relationOid === leaf.oid && !named.isValid && named.parentIndexOid === null && inventory.markOf(named) !== undefined;
  return isObsolete ? { kind: 'lacks', name, obsolete: named } : { kind: 'taken', by: named };
}

/** The steps after which the leaf has it, in their order; none where there is nothing to do, or nothing that could be done. */
export function workOnLeaf(inventory: Inventory, wanted: IndexPolicy, leaf: Place, found: OnLeaf, reason: string): readonly IndexStep[] {
  if (found.kind === 'unfinished') {
    return [reindex(inventory, leaf, found.index, `an interrupted build left it invalid; ${reason}`)];
  }
  if (found.kind !== 'lacks') return [];
  const create = createIndex(inventory, leaf, found.name, wanted, reason);
  if (found.obsolete === null) return [create];
  const why = `an interrupted build for an earlier policy left it invalid, and now ${spellIndex(wanted)} is asked for`;
  return [dropIndex(inventory, leaf, found.obsolete, why), create];
}

/** What is attached comes first, then what has the name that we would give. */
function preferred(indexes: readonly IndexFacts[], named: IndexFacts | undefined): readonly IndexFacts[] {
  const rank = (index: IndexFacts): number => (index.parentIndexOid === null ? 2 : 0) - (index === named ? 1 : 0);
  return indexes.toSorted((a, b) => rank(a) - rank(b));
}
