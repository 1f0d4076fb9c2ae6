import { untilCheckName } from '../../ddl/migration/attach/until-check.ts';
import { readCoverage } from '../../journal/migration/coverage.ts';
import type { SideCatalog } from '../../partition/migration/side-catalog.ts';
import type { Verdict } from '../../partition/migration/status.ts';
import type { Engine } from '../engine.ts';
import { saveMigration } from '../save.ts';
import { catalogDifferences } from '../verify/catalog-differences.ts';
import { prepareAttach } from './prepare-attach.ts';
import { readUntilCheck } from './read-until-check.ts';

/**
 * No row moves, so what can differ are the catalogs: an index of the new table without an equal one would be built under the locks of the switch. What
 * a rollback or a person has taken away since is prepared again first, so that the answer is about what a switch would find. Saves the verdict.
 */
export async function verifyAttach(engine: Engine, signal: AbortSignal): Promise<Verdict> {
  const { session, surroundings, id, record } = engine;
  if (record.live === 'source' && (await readUntilCheck(engine, signal)) !== 'valid') await prepareAttach(engine, signal);
  const { now } = await readCoverage(session, surroundings.journalSchema, id, signal);
  const differences = await catalogDifferences(engine, signal, (source) => comparable(engine, source));
  const verdict: Verdict = { at: now, live: record.live, rows: 0, mismatches: 0, differences };
  await saveMigration(engine, { verdict }, signal);
  return verdict;
}

/** The CHECK is the migration's own, and as a partition the source has foreign keys as well as its parent. */
function comparable({ id, record }: Engine, source: SideCatalog): SideCatalog {
  const isCompared = ({ kind, name }: SideCatalog['constraints'][number]): boolean =>
    name !== untilCheckName(id) && (record.live === 'source' || kind !== 'foreign-key');
  return { ...source, constraints: source.constraints.filter(isCompared) };
}
