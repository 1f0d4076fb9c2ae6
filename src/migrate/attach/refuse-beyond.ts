import { MigrationError } from '../../errors.ts';
import { migrateCommand } from '../../plan/migration/next-command.ts';
import type { Engine } from '../engine.ts';
import { saveMigration } from '../save.ts';

/** Rows lie where the partition that the table becomes does not reach: pauses for a person to look. Throws `MigrationError` PD650. */
export async function refuseBeyond(engine: Engine, what: string, signal: AbortSignal): Promise<never> {
  const reason = `${what}. Correct or remove these rows, then run \`${migrateCommand('start', engine.spec.table)}\` again; or migrate with strategy: copy.`;
  await saveMigration(engine, { paused: { kind: 'far-future', reason } }, signal);
  throw new MigrationError('PD650', reason);
}
