import { InvariantError } from '../../errors.ts';
import type { TableDefinition } from '../../partition/migration/definition.ts';
import type { QualifiedName } from '../../partition/qualified-name.ts';
import type { Session } from '../../postgres/session.ts';

/** The table of that name with all that hangs on it, in one snapshot; null when there is none. Locks no relation beyond AccessShare. */
export async function readDefinition(_session: Session, _table: QualifiedName, _signal: AbortSignal): Promise<TableDefinition | null> {
  throw new InvariantError('PD920', 'not yet');
}

/**
 * Digest of what must not change under a migration: columns, defaults, constraints, indexes, triggers with their state (those of the migration
 * included, so that a disabled one shows), owner, row security. Not the file: VACUUM FULL is the engine's to follow.
 */
export async function readFingerprint(_session: Session, _oid: string, _signal: AbortSignal): Promise<string> {
  throw new InvariantError('PD920', 'not yet');
}
