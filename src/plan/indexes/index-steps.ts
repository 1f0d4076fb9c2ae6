import type { IndexPolicy } from '../../partition/policy.ts';
import type { QualifiedName } from '../../partition/qualified-name.ts';
import type { IndexFacts } from '../../partition/upkeep.ts';
import type { AttachIndex, CreateIndex, DropIndex, Reindex } from '../step.ts';
import type { Inventory, Place } from './inventory.ts';

export type IndexStep = CreateIndex | AttachIndex | DropIndex | Reindex;

type About = Pick<CreateIndex, 'table' | 'tableOid' | 'partition' | 'partitionOid' | 'range' | 'limits' | 'reason' | 'task'>;

/** Brief on a partitioned relation, CONCURRENTLY on one that holds rows. */
export function createIndex(
  inventory: Inventory,
  place: Place,
  index: QualifiedName,
  definition: IndexPolicy,
  reason: string,
): CreateIndex {
  const how = place.kind === 'partitioned' ? 'only' : 'concurrently';
  return { kind: 'create-index', how, index, definition, ...about(inventory, place, reason) };
}

export function attachIndex(
  inventory: Inventory,
  place: Place,
  index: QualifiedName,
  parentIndex: QualifiedName,
  reason: string,
): AttachIndex {
  return { kind: 'attach-index', index, parentIndex, ...about(inventory, place, reason) };
}

export function reindex(inventory: Inventory, place: Place, { name, oid }: IndexFacts, reason: string): Reindex {
  return { kind: 'reindex', index: name, indexOid: oid, ...about(inventory, place, reason) };
}

export function dropIndex(inventory: Inventory, place: Place, { name, oid }: IndexFacts, reason: string): DropIndex {
  const concurrently = place.kind !== 'partitioned';
  return { kind: 'drop-index', index: name, indexOid: oid, concurrently, ...about(inventory, place, reason) };
}

function about(inventory: Inventory, place: Place, reason: string): About {
  const { table } = inventory.subject;
  return {
    table: table.name,
    tableOid: table.oid,
    partition: place.name,
    partitionOid: place.oid,
    range: inventory.rangeOf(place),
    limits: inventory.limits,
    reason,
    task: 'index',
  };
}
