import type { MigrationRecord } from '../../partition/migration/status.ts';
import type { EpochMicros } from '../../partition/position.ts';
import { formatQualifiedName, type QualifiedName } from '../../partition/qualified-name.ts';

/** What the command to type next depends on. */
type Stage = Pick<MigrationRecord, 'table' | 'phase' | 'live' | 'paused' | 'verdict'>;

/** The command that leads on from here; null when the migration has ended. `maxAgeMs`: how old a verdict may be for a switch. */
export function nextCommand(stage: Stage, maxAgeMs: number, now: EpochMicros): string | null {
  const action = nextAction(stage, maxAgeMs, now);
  return action === null ? null : migrateCommand(action, stage.table);
}

/** `partitiond migrate start --table public.revenues`, as a shell takes it: what every message names, so that it can be typed as it stands. */
export function migrateCommand(action: string, table: QualifiedName): string {
  return `partitiond migrate ${action} --table ${shellWord(formatQualifiedName(table))}`;
}

function nextAction({ phase, live, paused, verdict }: Stage, maxAgeMs: number, now: EpochMicros): string | null {
  if (phase === 'finished' || phase === 'aborted') return null;
  if (paused !== null) return 'start';
  const isFresh =
    verdict !== null &&
    verdict.live === live &&
    verdict.mismatches === 0 &&
    verdict.differences.length === 0 &&
    now - verdict.at <= BigInt(Math.trunc(maxAgeMs)) * 1000n;
  if (phase === 'ready') return isFresh ? 'switch' : 'verify';
  if (phase === 'switched') return isFresh ? 'finish --yes' : 'verify';
  return 'start';
}

/** As a shell takes it for one word. */
export function shellWord(text: string): string {
  return /^[\w.:,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
