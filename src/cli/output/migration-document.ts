import { formatInstant } from '../../partition/calendar.ts';
import type { MigrationStatus } from '../../partition/migration/status.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';

/** What `migrate status --json` prints: the keys of docs/guides/migration.md, in their order, instants as ISO 8601. */
export function migrationDocument(status: MigrationStatus): Readonly<Record<string, unknown>> {
  const { verdict, lastSwitch } = status;
  return {
    table: formatQualifiedName(status.table),
    strategy: status.strategy,
    capture: status.capture,
    phase: status.phase,
    paused: status.paused,
    live: status.live,
    rowsCopied: status.rowsCopied,
    rowsEstimated: status.rowsEstimated,
    progress: status.progress,
    rowsPerSecond: status.rowsPerSecond,
    backlogRows: status.backlogRows,
    etaSeconds: status.etaSeconds,
    brakes: status.brakes,
    verdict: verdict === null ? null : { at: formatInstant(verdict.at), rows: verdict.rows, mismatches: verdict.mismatches },
    lastSwitch:
      lastSwitch === null
        ? null
        : {
            at: formatInstant(lastSwitch.at),
            direction: lastSwitch.direction,
            lockMs: lastSwitch.lockMs,
            attempts: lastSwitch.attempts,
          },
    next: status.next,
    ...(status.problems === undefined ? {} : { problems: status.problems }),
  };
}
