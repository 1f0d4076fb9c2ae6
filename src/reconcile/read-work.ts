import { readProgress } from '../catalog/read-progress.ts';
import { decodeRelationPlace, relationPlacesSql } from '../catalog/relation-places.sql.ts';
import { formatQualifiedName } from '../partition/qualified-name.ts';
import type { Session } from '../postgres/session.ts';
import type { WorkStatus } from './status.ts';

/**
 * The long commands of all partitionds that are at work in this database, by the oid of each partitioned
 * table that it is below: the policy's may itself be a partition. It takes two short reads.
 */
export async function readWork(session: Session, signal: AbortSignal): Promise<ReadonlyMap<string, readonly WorkStatus[]>> {
  const commands = await readProgress(session, null, signal);
  const work = new Map<string, WorkStatus[]>();
  if (commands.length === 0) return work;
  const oids = commands.map(({ relationOid }) => relationOid);
  const places = await session.rows(relationPlacesSql, [oids], decodeRelationPlace, signal);
  const placeOf = new Map(places.map((place) => [place.oid, place]));
  for (const { relationOid, command, phase, done, total } of commands) {
    const place = placeOf.get(relationOid);
    if (place === undefined) continue;
    const one: WorkStatus = { partition: formatQualifiedName(place.name), command, phase, done, total };
    for (const oid of place.treeOids) work.set(oid, [...(work.get(oid) ?? []), one]);
  }
  return work;
}
