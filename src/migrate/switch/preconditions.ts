import { MigrationError } from '../../errors.ts';
import { isInWindow } from '../../partition/migration/daily-window.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import { migrateCommand } from '../../plan/migration/next-command.ts';
import type { Engine } from '../engine.ts';
import { assertFreshVerdict } from '../verify/fresh-verdict.ts';

/**
 * What no waiting within a switch would change: the phase, and forward no pause, the window, and a verdict that is fresh and without a difference.
 * Going back asks for the phase alone, as it is the way out when something is wrong. Throws `MigrationError` PD641.
 */
export async function assertMaySwitch(engine: Engine, signal: AbortSignal): Promise<void> {
  const { record, spec, policy, surroundings } = engine;
  const table = formatQualifiedName(spec.table);
  const isForward = record.live === 'source';
  if (isForward && record.paused !== null) {
    throw new MigrationError(
      'PD641',
      `Could not switch ${table}: the migration is paused (${record.paused.reason}). Then \`${migrateCommand('start', spec.table)}\` goes on.`,
    );
  }
  const wanted = isForward ? 'ready' : 'switched';
  if (record.phase !== wanted) {
    const fix = isForward ? `Run \`${migrateCommand('start', spec.table)}\` until it is ready` : 'There is nothing to roll back';
    throw new MigrationError('PD641', `Could not switch ${table}: the migration is in phase ${record.phase}. ${fix}.`);
  }
  if (!isForward) return;
  const { window } = policy.migration.switchover;
  if (!isInWindow(window, policy.timezone, surroundings.clock.now())) {
    throw new MigrationError('PD641', `Could not switch ${table} now: it is outside migration.switch.window of the configuration.`);
  }
  await assertFreshVerdict(engine, signal);
}
