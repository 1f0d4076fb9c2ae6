import type { Engine } from '../../../src/migrate/engine.ts';
import type { MigrationEvent } from '../../../src/migrate/event.ts';
import { beginMigration, type MigrationTable, type PlannedMigration, readMigrationPlan } from '../../../src/migrate/run/begin-migration.ts';
import { type OpenEngine, openEngine } from '../../../src/migrate/run/open-engine.ts';
import { runMigration } from '../../../src/migrate/run/run-migration.ts';
import { reloadRecord } from '../../../src/migrate/save.ts';
import { finish } from '../../../src/migrate/switch/finish.ts';
import { switchOver } from '../../../src/migrate/switch/switch-over.ts';
import { verifyWhole } from '../../../src/migrate/verify/verify-whole.ts';
import type { TablePolicy } from '../../../src/partition/policy.ts';
import { systemClock } from '../../../src/postgres/clock.ts';
import { connectSession, type Session } from '../../../src/postgres/session.ts';
import type { TestDatabase } from '../database.ts';
import { policyOf } from '../model.ts';
import { noAbort, openSession } from '../open-session.ts';
import { handMadePolicy } from './hand-made.ts';

/** A policy in quarters whose copy knows no pauses; `migration` is merged into that of `handMadePolicy`. */
export function migrationTable(
  changes: Omit<Partial<TablePolicy>, 'migration'>,
  migration: Partial<MigrationTable['migration']> = {},
): MigrationTable {
  const base = handMadePolicy();
  return {
    ...policyOf({ name: '{table}_{yyyy}_q{q}', ...changes }),
    migration: {
      ...base,
      copy: { ...base.copy, workers: 1 },
      // On a busy machine neither commits nor a switch take the time that the defaults allow.
      brakes: { ...base.brakes, commitLatencyFactor: 1_000 },
      switchover: { ...base.switchover, maxLockMs: 10_000 },
      ...migration,
    },
  };
}

/** What `migrate plan` decides. */
export async function planned(database: TestDatabase, policy: MigrationTable): Promise<PlannedMigration> {
  await using session = await openSession(database);
  return await readMigrationPlan(session, policy, BigInt(Date.now()) * 1000n, noAbort);
}

/** The migration of one table from its plan on, by the functions that the commands call and nothing made by hand. */
export interface RealEngine extends AsyncDisposable {
  readonly engine: Engine;
  readonly events: readonly MigrationEvent[];
  /** `migrate start`. */
  start(): Promise<void>;
  /** `migrate switch` and `migrate rollback`; from `ready` on also what comes behind: keys are settled, both sides verified. */
  turn(): Promise<void>;
  /** `migrate verify`. */
  verify(): Promise<void>;
  finish(isDroppedNow?: boolean): Promise<void>;
}

/** Plans, unless that was `decided`, and writes the migration down; throws what `migrate start` refuses with. Hold it by `await using`, after the database. */
export async function realEngine(
  database: TestDatabase,
  policy: MigrationTable,
  decided: PlannedMigration | null = null,
): Promise<RealEngine> {
  const connect = (applicationName: string, signal: AbortSignal): Promise<Session> =>
    connectSession({ kind: 'url', url: database.url }, { applicationName, statementTimeoutMs: 0, lockTimeoutMs: 100 }, signal);
  const events: MigrationEvent[] = [];
  const id = await begin(database, decided ?? (await planned(database, policy)));
  const open: OpenEngine = await openEngine(
    {
      id,
      table: policy.table,
      policy,
      database: 'app',
      journalSchema: 'partitiond',
      safety: { lockTimeoutMs: 100, lockBudgetMs: 5_000, statementTimeoutMs: 30_000, maxRemovals: 10, maxClockSkewMs: 300_000 },
      clock: systemClock,
      who: 'test',
      observe: (event) => events.push(event),
      takeOverWithinMs: 0,
      connect,
    },
    noAbort,
  );
  const { engine } = open;
  const start = (): Promise<void> => runMigration(open, 'ready', noAbort);
  return {
    engine,
    events,
    start,
    turn: async () => {
      await switchOver(engine, false, noAbort);
      await reloadRecord(engine, noAbort);
      await start();
    },
    verify: () => verifyWhole(engine, noAbort),
    finish: (isDroppedNow = false) => finish(engine, isDroppedNow, noAbort),
    [Symbol.asyncDispose]: () => open.close(),
  };
}

async function begin(database: TestDatabase, plan: PlannedMigration): Promise<string> {
  await using session = await openSession(database);
  return await beginMigration(session, 'partitiond', plan, 'test', noAbort);
}
