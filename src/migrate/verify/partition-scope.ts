import { decodePartitionRows, partitionRowsSql } from '../../catalog/migration/partition-rows.sql.ts';
import type { ComparedSide } from '../../ddl/migration/compare/compared-side.ts';
import { MigrationError } from '../../errors.ts';
import { sidesOf } from '../../partition/migration/spec.ts';
import { formatQualifiedName, type QualifiedName } from '../../partition/qualified-name.ts';
import type { Engine } from '../engine.ts';
import type { Scope } from './verify-chunk.ts';

/**
 * What a pass over one partition compares: its rows, with those of the source that would be in it. Its own keys cut the chunks, since the
 * source has them between all others. Throws `MigrationError` (PD638) when the target has no such partition.
 */
export async function partitionScope(
  { session, spec, record }: Engine,
  partition: QualifiedName,
  signal: AbortSignal,
): Promise<{ readonly scope: Scope; readonly ruler: ComparedSide }> {
  const sides = sidesOf(spec, record.live);
  const [rows] = await session.rows(partitionRowsSql, [record.targetOid, partition.schema, partition.name], decodePartitionRows, signal);
  const target = sides.live.is === 'target' ? sides.live : sides.follower;
  const source = sides.live.is === 'target' ? sides.follower : sides.live;
  if (rows === undefined) {
    const message = `${formatQualifiedName(target.name)} has no partition ${formatQualifiedName(partition)}; name one as schema.name.`;
    throw new MigrationError('PD638', message);
  }
  const ofTarget: ComparedSide = { name: partition, isOnly: false, condition: null };
  const ofSource: ComparedSide = { name: source.name, isOnly: source.isOnly, condition: rows.condition };
  const scope = sides.live.is === 'target' ? { live: ofTarget, follower: ofSource } : { live: ofSource, follower: ofTarget };
  return { scope, ruler: ofTarget };
}
