import type { LiveRelation } from '../../catalog/migration/facts/live-capture.sql.ts';
import { readFingerprint } from '../../catalog/migration/read-definition.ts';
import { MigrationError } from '../../errors.ts';
import { renderBeginPass } from '../../journal/migration/chunks.ts';
import { readMigration, renderChangeMigration } from '../../journal/migration/records.ts';
import type { MigrationPhase } from '../../partition/migration/spec.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import { migrateCommand } from '../../plan/migration/next-command.ts';
import type { Session } from '../../postgres/session.ts';
import { explainCapture } from '../capture/explain-capture.ts';
import {
  type CaptureChange,
  compareCapture,
  type KeptCapture,
  keepCapture,
  parseCapture,
  readLiveCapture,
} from '../capture/live-capture.ts';
import type { Engine } from '../engine.ts';
import { compareFingerprints, type FingerprintChange } from '../fingerprint.ts';
import { reloadRecord, saveMigration } from '../save.ts';
import { explainChange } from './explain-change.ts';

/** From the step on that installs the triggers to the switch, which changes names and triggers on purpose. */
const watched: ReadonlySet<MigrationPhase> = new Set<MigrationPhase>(['backfill', 'catch-up', 'index', 'verify', 'ready']);

/**
 * What somebody has changed about the source since capture was installed, as a sentence with what to do; null when nothing. In a phase without
 * capture, and when no fingerprint is kept yet, there is nothing to compare.
 */
export async function readChangedDefinition(engine: Engine, session: Session, signal: AbortSignal): Promise<string | null> {
  const { spec, record } = engine;
  const whole = formatQualifiedName(spec.table);
  const soaking = await readSoak(engine, session, signal);
  if (soaking !== null) {
    const { change: kind, kept, now } = soaking;
    return kind === 'off' || kind === 'interrupted' ? explainCapture(engine, kind, kept, now) : null;
  }
  const change = await readChange(engine, session, signal);
  if (change.kind === 'none') return null;
  if (change.kind === 'definition') return await explainChange(engine, session, signal);
  const fix =
    record.phase === 'ready'
      ? `Run \`${migrateCommand('verify', spec.table)}\`, which finds such rows`
      : `Run \`${migrateCommand('start', spec.table)}\` again, which verifies everything before it is ready`;
  return (
    `The triggers by which partitiond captures writes to ${whole} were off in between, or were made anew, and what was written meanwhile is on ` +
    `one side only. ${fix}, or \`${migrateCommand('abort', spec.table)}\`.`
  );
}

/**
 * Takes triggers that were off in between for what they are from now on, in the same transaction in which every verification from before loses
 * its worth. True when that was so; whoever asks has a verification to see to. A changed definition stays one.
 */
export async function acceptInterruptedCapture(engine: Engine, signal: AbortSignal): Promise<boolean> {
  const { session, guardSql, id, surroundings, record } = engine;
  const fingerprint = await readAcceptable(engine, signal);
  if (fingerprint === null) return false;
  const schema = surroundings.journalSchema;
  const pause = record.paused?.kind === 'definition' ? { paused: null } : {};
  const accepted = renderChangeMigration(schema, id, { fingerprint, verdict: null, ...pause });
  await session.complete([guardSql, accepted, ...renderBeginPass(schema, id)], signal);
  await reloadRecord(engine, signal);
  return true;
}

/** What is kept from now on where triggers that are on again were off in between; else null. */
async function readAcceptable(engine: Engine, signal: AbortSignal): Promise<string | null> {
  const soaking = await readSoak(engine, engine.session, signal);
  if (soaking !== null) return soaking.change === 'interrupted' ? keepCapture(soaking.now, true) : null;
  const change = await readChange(engine, engine.session, signal);
  return change.kind === 'capture' ? change.now : null;
}

/** After a verification that has found both sides equal: what was written while triggers were off is there by now. */
export async function proveCapture(engine: Engine, signal: AbortSignal): Promise<void> {
  const { session, id, surroundings } = engine;
  const { fingerprint } = await readMigration(session, surroundings.journalSchema, id, signal);
  const kept = parseCapture(fingerprint);
  if (kept?.isUnproven === true) await saveMigration(engine, { fingerprint: JSON.stringify({ ...kept, isUnproven: false }) }, signal);
}

/** Throws `MigrationError` (PD643) where going back would lose what was written while triggers on the new table were off. */
export async function assertCaptured(engine: Engine, session: Session, signal: AbortSignal): Promise<void> {
  const soaking = await readSoak(engine, session, signal);
  if (soaking === null) return;
  const { change, kept, now } = soaking;
  const isWhole = change === 'none' || change === 'grown';
  if (isWhole && !kept.isUnproven) return;
  const table = formatQualifiedName(engine.spec.table);
  throw new MigrationError(
    'PD643',
    `Could not switch ${table} back. ${explainCapture(engine, isWhole ? 'interrupted' : change, kept, now)}`,
  );
}

interface Soak {
  readonly change: CaptureChange;
  readonly kept: KeptCapture;
  readonly now: readonly LiveRelation[];
}

/** Null while the old table is live, and where nothing is captured or kept. */
async function readSoak(engine: Engine, session: Session, signal: AbortSignal): Promise<Soak | null> {
  const { id, record, spec, surroundings } = engine;
  if (record.phase !== 'switched' || record.live !== 'target' || spec.strategy === 'attach') return null;
  const { fingerprint } = await readMigration(session, surroundings.journalSchema, id, signal);
  const kept = parseCapture(fingerprint);
  if (kept === null) return null;
  const now = await readLiveCapture(engine, session, signal);
  return { change: compareCapture(kept, now), kept, now };
}

interface Change {
  readonly kind: FingerprintChange;
  readonly now: string;
}

async function readChange(engine: Engine, session: Session, signal: AbortSignal): Promise<Change> {
  const { id, record, surroundings } = engine;
  const nothing: Change = { kind: 'none', now: '' };
  if (!watched.has(record.phase) || record.live !== 'source') return nothing;
  const { fingerprint } = await readMigration(session, surroundings.journalSchema, id, signal);
  if (fingerprint === null) return nothing;
  const now = await fingerprintOf(engine, session, signal);
  return { kind: compareFingerprints(fingerprint, now), now };
}

/** Of the source; of a table whose partitions are re-grained with those that give their rows away. */
export async function fingerprintOf({ record, spec }: Engine, session: Session, signal: AbortSignal): Promise<string> {
  const partitions = spec.regrain?.sources.map(({ oid }) => oid);
  return await readFingerprint(session, record.sourceOid, signal, partitions);
}

/** Keeps what the source looks like now as what it must stay like, where nothing is kept yet; after the switch what new partitions came with. */
export async function keepFingerprint(engine: Engine, signal: AbortSignal): Promise<void> {
  const { id, record, surroundings, session } = engine;
  const soaking = await readSoak(engine, session, signal);
  if (soaking?.change === 'grown') {
    await saveMigration(engine, { fingerprint: keepCapture(soaking.now, soaking.kept.isUnproven) }, signal);
  }
  if (!watched.has(record.phase) || record.live !== 'source') return;
  const { fingerprint } = await readMigration(session, surroundings.journalSchema, id, signal);
  if (fingerprint === null) await saveMigration(engine, { fingerprint: await fingerprintOf(engine, session, signal) }, signal);
}
