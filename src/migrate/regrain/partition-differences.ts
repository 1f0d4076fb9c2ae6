import { readSideCatalog } from '../../catalog/migration/read-side-catalog.ts';
import type { SideCatalog } from '../../partition/migration/side-catalog.ts';
import { comparePartitions } from '../../plan/migration/regrain/compare-partitions.ts';
import { type Member, type RegrainEngine, readMembers } from './regrain-engine.ts';

/** What the new partitions lack of the old ones, as sentences. */
export async function partitionDifferences(engine: RegrainEngine, signal: AbortSignal): Promise<readonly string[]> {
  const { session, spec } = engine;
  const { sources, targets } = await readMembers(engine, session, signal);
  const { length } = spec.regrain.targets;
  if (sources.length < spec.regrain.sources.length || targets.length < length) return ['one of the partitions is gone'];
  return comparePartitions(spec, await catalogsOf(engine, sources, signal), await catalogsOf(engine, targets, signal));
}

async function catalogsOf({ session }: RegrainEngine, members: readonly Member[], signal: AbortSignal): Promise<readonly SideCatalog[]> {
  const catalogs: SideCatalog[] = [];
  for (const member of members) {
    const catalog = await readSideCatalog(session, member, signal);
    if (catalog !== null) catalogs.push(catalog);
  }
  return catalogs;
}
