import { carryOutDrain } from '../../migrate/regrain/carry-out-drain.ts';
import type { MigrationTable } from '../../migrate/run/begin-migration.ts';
import { openEngine } from '../../migrate/run/open-engine.ts';
import { runAndSoak } from '../../migrate/run/soak.ts';
import type { DatabasePolicy } from '../../partition/policy.ts';
import type { Session } from '../../postgres/session.ts';
import { MigrationLog } from '../../telemetry/migration-log.ts';
import type { Surroundings } from '../surroundings.ts';

/** Opens a session of that name without a statement timeout, on the server that is led. */
export type Connect = (applicationName: string, signal: AbortSignal) => Promise<Session>;

/**
 * Goes on with one migration until it waits for a person, which one that a daemon has begun does not, and keeps its tables in sync from then on; ends with `signal`, whose reason it throws.
 * Throws `NotLeaderError` (PD307) at once where another process runs it, and what the engine throws.
 */
export async function runOneMigration(
  { id, policy, database }: { readonly id: string; readonly policy: MigrationTable; readonly database: DatabasePolicy },
  connect: Connect,
  { configuration, clock, logger, metrics, who }: Surroundings,
  signal: AbortSignal,
): Promise<void> {
  const log = new MigrationLog(logger, () => clock.monotonicMs());
  const open = await openEngine(
    {
      id,
      table: policy.table,
      policy,
      database: database.name,
      journalSchema: database.journalSchema,
      safety: configuration.safety,
      clock,
      who,
      observe: (event) => {
        log.write(event);
        metrics.observeMigration(event);
      },
      takeOverWithinMs: 0,
      yields: true,
      connect,
    },
    signal,
  );
  try {
    if (open.engine.spec.regrain?.isAutomatic === true && policy.defaultPartition === 'managed') await carryOutDrain(open, signal);
    else await runAndSoak(open, signal);
  } finally {
    await open.close();
  }
}
