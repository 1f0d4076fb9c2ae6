import type { MigrationEvent } from '../../../src/migrate/event.ts';
import { beginMigration, type MigrationTable, readMigrationPlan } from '../../../src/migrate/run/begin-migration.ts';
import { type OpenEngine, openEngine } from '../../../src/migrate/run/open-engine.ts';
import { runMigration } from '../../../src/migrate/run/run-migration.ts';
import { parseInterval } from '../../../src/partition/interval.ts';
import type { MigrationPolicy } from '../../../src/partition/migration/policy.ts';
import type { MigrationPhase } from '../../../src/partition/migration/spec.ts';
import type { TablePolicy } from '../../../src/partition/policy.ts';
import { systemClock } from '../../../src/postgres/clock.ts';
import { connectSession } from '../../../src/postgres/session.ts';
import type { TestDatabase } from '../database.ts';
import { named, policyOf } from '../model.ts';
import { noAbort, openSession } from '../open-session.ts';
import { migrationPolicy } from './policy.ts';

/** A migration by attach, planned and begun as the command does it, with what opens an engine of it. Hold it by `await using`. */
export interface Attaching extends AsyncDisposable {
  readonly running: OpenEngine;
  readonly events: MigrationEvent[];
  /** Goes on with the phases, as `migrate start` does. */
  start(until?: MigrationPhase): Promise<void>;
  /** Closes the sessions as a killed process does, and takes the migration over as another one. */
  again(): Promise<void>;
}

export interface AttachingWanted {
  readonly policy?: Partial<TablePolicy>;
  readonly migration?: Partial<MigrationPolicy>;
  /** Called with each event; what it throws ends the work there, as a kill would. */
  readonly onEvent?: (event: MigrationEvent) => void;
}

/** Of `public.revenues` by `occurred_at`, in months. */
export async function attaching(database: TestDatabase, wanted: AttachingWanted = {}): Promise<Attaching> {
  const migration = migrationPolicy({ strategy: 'attach', ...wanted.migration });
  const base = { table: named('revenues'), interval: parseInterval('1 month'), premake: 3, ...wanted.policy };
  const policy: MigrationTable = { ...policyOf(base), migration };
  const events: MigrationEvent[] = [];
  const id = await begin(database, policy);
  const open = (): Promise<OpenEngine> =>
    openEngine(
      {
        id,
        table: policy.table,
        policy,
        database: 'app',
        journalSchema: 'partitiond',
        safety: { lockTimeoutMs: 100, lockBudgetMs: 5_000, statementTimeoutMs: 30_000, maxRemovals: 10, maxClockSkewMs: 300_000 },
        clock: systemClock,
        who: 'partitiond:migrate test',
        observe: (event) => {
          events.push(event);
          wanted.onEvent?.(event);
        },
        takeOverWithinMs: 0,
        connect: (applicationName, signal) =>
          connectSession({ kind: 'url', url: database.url }, { applicationName, statementTimeoutMs: 0, lockTimeoutMs: 100 }, signal),
      },
      noAbort,
    );
  let running = await open();
  return {
    get running() {
      return running;
    },
    events,
    start: (until = 'ready') => runMigration(running, until, noAbort),
    again: async () => {
      await running.close();
      running = await open();
    },
    [Symbol.asyncDispose]: () => running.close(),
  };
}

async function begin(database: TestDatabase, policy: MigrationTable): Promise<string> {
  await using session = await openSession(database);
  const planned = await readMigrationPlan(session, policy, systemClock.now(), noAbort);
  if (planned.plan.spec === null) throw new Error(planned.plan.refusals.map(({ message }) => message).join('\n'));
  return await beginMigration(session, 'partitiond', planned, 'partitiond:migrate test', noAbort);
}
