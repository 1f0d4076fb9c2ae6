import { InvariantError } from '../../errors.ts';
import type { MigrationSpec } from '../../partition/migration/spec.ts';
import type { MigrationRecord } from '../../partition/migration/status.ts';
import type { Session } from '../../postgres/session.ts';

/** What is written of a migration; keys that are absent stay as they are. */
export type MigrationChange = Partial<Pick<MigrationRecord, 'phase' | 'live' | 'targetOid' | 'paused' | 'verdict' | 'lastSwitch'>> & {
  /** Of the source's definition, see catalog/migration. */
  readonly fingerprint?: string;
  /** Sets `progress_at` to now. */
  readonly hasProgressed?: true;
};

/** All migrations that were ever planned, the newest first; none where the journal is older or not there. */
export async function readMigrations(_session: Session, _schema: string, _signal: AbortSignal): Promise<readonly MigrationRecord[]> {
  throw new InvariantError('PD920', 'not yet');
}

export async function readSpec(_session: Session, _schema: string, _id: string, _signal: AbortSignal): Promise<MigrationSpec> {
  throw new InvariantError('PD920', 'not yet');
}

/** One UPDATE without semicolon, to travel in the transaction of what it tells of. Sets `phase_at`, `ready_at`, ... with the phase. */
export function renderChangeMigration(_schema: string, _id: string, _change: MigrationChange): string {
  throw new InvariantError('PD920', 'not yet');
}
