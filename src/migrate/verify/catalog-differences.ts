import { readSideCatalog } from '../../catalog/migration/read-side-catalog.ts';
import type { SideCatalog } from '../../partition/migration/side-catalog.ts';
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
