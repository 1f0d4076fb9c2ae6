import { MigrationError } from '../../errors.ts';
import type { MigrationRecord, PauseKind } from '../../partition/migration/status.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import type { Engine } from '../engine.ts';
import { saveMigration } from '../save.ts';

/** Writes down that a person must look, and throws what says so (`MigrationError` PD602). The coordinator's session must have no transaction open. */
export async function pauseMigration(engine: Engine, kind: PauseKind, reason: string, signal: AbortSignal): Promise<never> {
  await saveMigration(engine, { paused: { kind, reason } }, signal);
  throw pausedError(engine, reason);
}

/** Whether nobody goes on with it before a person has looked; what duplicates hold back is tried again, as only the rows can tell when they are gone. */
export function waitsForPerson({ paused }: Pick<MigrationRecord, 'paused'>): boolean {
  return paused !== null && paused.kind !== 'duplicates';
}

/** What every command says of a migration that is paused. */
export function pausedError({ spec }: Pick<Engine, 'spec'>, reason: string): MigrationError {
  return new MigrationError('PD602', `The migration of ${formatQualifiedName(spec.table)} is paused: ${reason}`);
}

/** Takes the pause away, for a start that checks anew whether its cause is gone. */
export async function clearMigrationPause(engine: Engine, signal: AbortSignal): Promise<void> {
  if (engine.record.paused !== null) await saveMigration(engine, { paused: null }, signal);
}
