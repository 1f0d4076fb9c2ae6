import { decodeMeddlers, meddlersSql } from '../../catalog/migration/facts/meddlers.sql.ts';
import { readSideCatalog } from '../../catalog/migration/read-side-catalog.ts';
import { captureTriggerPrefix } from '../../ddl/migration/capture/capture-triggers.ts';
import { holdRulePrefix } from '../../ddl/migration/regrain/keys/follower-keys.ts';
import { guardTriggerName } from '../../ddl/migration/target/guard.ts';
import type { SideCatalog } from '../../partition/migration/side-catalog.ts';
import { sidesOf } from '../../partition/migration/spec.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import { compareCatalogs } from '../../plan/migration/compare-catalogs.ts';
import type { Engine } from '../engine.ts';

/** In what both sides' catalogs differ where they must not, as sentences. `seen`: what of the source is compared, all of it by default. */
export async function catalogDifferences(
  engine: Engine,
  signal: AbortSignal,
  seen: (source: SideCatalog) => SideCatalog = (source) => source,
): Promise<readonly string[]> {
  const { session, spec, record } = engine;
  const source = await readSideCatalog(session, { oid: record.sourceOid }, signal);
  const target = record.targetOid === null ? null : await readSideCatalog(session, { oid: record.targetOid }, signal);
  if (source === null || target === null) return ['one of both tables is gone'];
  return compareCatalogs(spec, record.live, seen(source), target);
}

/** Triggers and rules of somebody else by which the follower may not become what is written to it, as sentences: asked where rows differ. */
export async function meddlersOf({ session, spec, record, id }: Engine, signal: AbortSignal): Promise<readonly string[]> {
  const { follower } = sidesOf(spec, record.live);
  const own = [captureTriggerPrefix(id), guardTriggerName(id), holdRulePrefix(id)];
  const [meddlers] = await session.rows(meddlersSql, [formatQualifiedName(follower.name), own], decodeMeddlers, signal);
  return (meddlers?.found ?? []).map(
    (one) => `${one}, which only follows, is not of partitiond and may change what is replayed: disable or drop it`,
  );
}
