import { readFingerprint } from '../../catalog/migration/read-definition.ts';
import { readMigration } from '../../journal/migration/records.ts';
import type { MigrationPhase } from '../../partition/migration/spec.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import type { Session } from '../../postgres/session.ts';
import type { Engine } from '../engine.ts';
import { saveMigration } from '../save.ts';

/** From the step on that installs the triggers to the switch, which changes names and triggers on purpose. */
const watched: ReadonlySet<MigrationPhase> = new Set<MigrationPhase>(['backfill', 'catch-up', 'index', 'verify', 'ready']);

/**
 * What somebody has changed about the source since capture was installed, as a sentence with what to do; null when nothing. In a phase without
 * capture, and when no fingerprint is kept yet, there is nothing to compare.
 */
export async function readChangedDefinition(engine: Engine, session: Session, signal: AbortSignal): Promise<string | null> {
  const { id, record, surroundings, spec } = engine;
  if (!watched.has(record.phase) || record.live !== 'source') return null;
  const { fingerprint } = await readMigration(session, surroundings.journalSchema, id, signal);
  if (fingerprint === null) return null;
  if ((await readFingerprint(session, record.sourceOid, signal)) === fingerprint) return null;
  const table = formatQualifiedName(spec.table);
  return (
    `The definition of ${table} is no longer what was planned: a column, constraint, index, trigger, owner or policy was changed, or a trigger of ` +
    `partitiond is off. Undo the change and run \`partitiond migrate start\` again, or \`partitiond migrate abort\` and plan anew.`
  );
}

/** Keeps what the source looks like now as what it must stay like, where nothing is kept yet. */
export async function keepFingerprint(engine: Engine, signal: AbortSignal): Promise<void> {
  const { id, record, surroundings, session } = engine;
  if (!watched.has(record.phase) || record.live !== 'source') return;
  const { fingerprint } = await readMigration(session, surroundings.journalSchema, id, signal);
  if (fingerprint === null) await saveMigration(engine, { fingerprint: await readFingerprint(session, record.sourceOid, signal) }, signal);
}
