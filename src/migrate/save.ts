import { InvariantError } from '../errors.ts';
import type { MigrationChange } from '../journal/migration/records.ts';
import type { Engine } from './engine.ts';

/** Writes a change in a transaction of its own, reads the record again into `engine.record`, and tells of a new phase. */
export async function saveMigration(_engine: Engine, _change: MigrationChange, _signal: AbortSignal): Promise<void> {
  throw new InvariantError('PD920', 'not yet');
}
