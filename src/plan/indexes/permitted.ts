import type { IndexStep } from './index-steps.ts';
import type { Inventory, Place } from './inventory.ts';

export interface Permitted {
  /** In their order. */
  readonly steps: readonly IndexStep[];
  /** Relations whose owner's rights the role lacks for other steps, each once. */
  readonly lacking: readonly Place[];
}

/** Leaves out steps that PostgreSQL would refuse in every run for want of the owner's rights. */
export function permitted(inventory: Inventory, steps: readonly IndexStep[]): Permitted {
  const lacking = new Set<Place>();
  const possible = steps.filter((step) => {
    const missing = placesOf(inventory, step).find(({ mayReindex }) => !mayReindex);
    if (missing !== undefined) lacking.add(missing);
    return missing === undefined;
  });
  return { steps: possible, lacking: [...lacking] };
}

/**
 * Where a step needs those rights, from the top. What is made or attached comes to nothing without those on the parents, whose indexes it
 * becomes part of; REINDEX and DROP need those of the relation alone.
 */
function placesOf(inventory: Inventory, { kind, partitionOid }: IndexStep): readonly Place[] {
  const isBound = kind === 'create-index' || kind === 'attach-index';
  const places: Place[] = [];
  for (
    let place = inventory.place(partitionOid);
    place !== undefined;
    place = isBound ? inventory.place(place.parentOid ?? '') : undefined
  ) {
    places.push(place);
  }
  return places.toReversed();
}
