import { readFingerprint } from '../../catalog/migration/read-definition.ts';
import { readMigration } from '../../journal/migration/records.ts';
import type { MigrationPhase } from '../../partition/migration/spec.ts';
import type { Session } from '../../postgres/session.ts';
import type { Engine } from '../engine.ts';
import { saveMigration } from '../save.ts';
import { explainChange } from './explain-change.ts';

/** From the step on that installs the triggers to the switch, which changes names and triggers on purpose. */
const watched: ReadonlySet<MigrationPhase> = new Set<MigrationPhase>(['backfill', 'catch-up', 'index', 'verify', 'ready']);

/**
 * What somebody has changed about the source since capture was installed, as a sentence with what to do; null when nothing. In a phase without
 * capture, and when no fingerprint is kept yet, there is nothing to compare.
 */
export async function readChangedDefinition(engine: Engine, session: Session, signal: AbortSignal): Promise<string | null> {
  const { id, record, surroundings } = engine;
  if (!watched.has(record.phase) || record.live !== 'source') return null;
  const { fingerprint } = await readMigration(session, surroundings.journalSchema, id, signal);
  if (fingerprint === null) return null;
  if ((await fingerprintOf(engine, session, signal)) === fingerprint) return null;
  return await explainChange(engine, session, signal);
}

/** Of the source; of a table whose partitions are re-grained with those that give their rows away. */
export async function fingerprintOf({ record, spec }: Engine, session: Session, signal: AbortSignal): Promise<string> {
  const partitions = spec.regrain?.sources.map(({ oid }) => oid);
  return await readFingerprint(session, record.sourceOid, signal, partitions);
}

/** Keeps what the source looks like now as what it must stay like, where nothing is kept yet. */
export async function keepFingerprint(engine: Engine, signal: AbortSignal): Promise<void> {
  const { id, record, surroundings, session } = engine;
  if (!watched.has(record.phase) || record.live !== 'source') return;
  const { fingerprint } = await readMigration(session, surroundings.journalSchema, id, signal);
  if (fingerprint === null) await saveMigration(engine, { fingerprint: await fingerprintOf(engine, session, signal) }, signal);
}
