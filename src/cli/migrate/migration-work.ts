import type { Configuration } from '../../config/configuration.ts';
import { MigrationError } from '../../errors.ts';
import type { StoredMigration } from '../../journal/migration/records.ts';
import { readMigrationOf } from '../../migrate/run/begin-migration.ts';
import { type EngineRequest, noticeWithinMs, type OpenEngine, openEngine } from '../../migrate/run/open-engine.ts';
import { readStatus } from '../../migrate/run/read-status.ts';
import { openUntil } from '../../partition/migration/daily-window.ts';
import type { MigrationStatus } from '../../partition/migration/status.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import { connectSession, type Session } from '../../postgres/session.ts';
import { createLogger } from '../../telemetry/logger.ts';
import { MigrationLog } from '../../telemetry/migration-log.ts';
import type { Invocation } from '../command-line/invocation.ts';
import { loadConfigured } from '../databases/load-configured.ts';
import { whoRuns } from '../databases/reconcile-databases.ts';
import type { Io } from '../output/io.ts';
import { startMigrationProgress } from '../output/migration-progress.ts';
import { printable } from '../output/printable.ts';
import { type ChosenTable, chosenTable } from './chosen-table.ts';

/** What every action of `partitiond migrate` has: its table, and how the command was called. */
export interface MigrationWork extends ChosenTable {
  readonly configuration: Configuration;
  readonly invocation: Invocation;
  readonly io: Io;
}

export function migrationWork(invocation: Invocation, io: Io): MigrationWork {
  const configuration = loadConfigured(invocation, io);
  return { ...chosenTable(configuration, invocation), configuration, invocation, io };
}

/** Runs `body` on a session that is closed afterwards; for reading, and for what is done before an engine can be had. */
export async function withSession<T>({ database, configuration, io }: MigrationWork, body: (session: Session) => Promise<T>): Promise<T> {
  const { statementTimeoutMs, lockTimeoutMs } = configuration.safety;
  const settings = { applicationName: 'partitiond:migrate', statementTimeoutMs, lockTimeoutMs };
  const session = await connectSession(database.connection, settings, io.signal);
  try {
    return await body(session);
  } finally {
    await session.close();
  }
}

/** Takes migration `id` over for as long as `body` runs; shows what happens as a line on a terminal, else in the log. */
export async function withEngine<T>(work: MigrationWork, id: string, body: (engine: OpenEngine) => Promise<T>): Promise<T> {
  const { database, policy, io } = work;
  const { request, stop } = engineTools(work);
  const place = { id, table: policy.table, policy, journalSchema: database.journalSchema, takeOverWithinMs: noticeWithinMs };
  const open = await openEngine({ ...request, ...place }, io.signal);
  try {
    return await body(open);
  } finally {
    stop();
    await open.close();
  }
}

/** What any engine of a command is asked for with, and how it is shown; `stop` takes the line away. */
export interface EngineTools {
  readonly request: Omit<EngineRequest, 'id' | 'table' | 'policy' | 'journalSchema' | 'takeOverWithinMs'>;
  stop(): void;
}

/** `usual`: see `MigrationLog`. */
export function engineTools({ database, configuration, io, policy }: MigrationWork, usual: 'info' | 'debug' = 'info'): EngineTools {
  const { safety } = configuration;
  const progress = startMigrationProgress(io.stderr, () => {
    const end = openUntil(policy.migration.window, policy.timezone, io.clock.now());
    return end === null ? '' : `window until ${end}`;
  });
  const warnings: string[] = [];
  const level = io.stderr.isInteractive ? 'error' : configuration.log.level;
  const log = new MigrationLog(createLogger({ level, format: configuration.log.format }), () => io.clock.monotonicMs(), usual);
  return {
    request: {
      database: database.name,
      safety,
      clock: io.clock,
      who: whoRuns('migrate', io),
      observe: (event) => {
        log.write(event);
        progress.observe(event);
        if (event.kind === 'migration-warning') warnings.push(`${printable(event.explanation)}\n`);
      },
      connect: (applicationName, signal) =>
        connectSession(database.connection, { applicationName, statementTimeoutMs: 0, lockTimeoutMs: safety.lockTimeoutMs }, signal),
    },
    stop: () => {
      progress.stop();
      // Elsewhere the log has told it.
      if (io.stderr.isInteractive) io.stderr.write(warnings.splice(0).join(''));
    },
  };
}

/** The newest migration of the table. Throws `MigrationError` (PD601) when none was ever begun. */
export async function storedMigration(work: MigrationWork, session: Session): Promise<StoredMigration> {
  const { database, policy, io } = work;
  const record = await readMigrationOf(session, database.journalSchema, policy.table, io.signal);
  if (record !== null) return record;
  const table = formatQualifiedName(policy.table);
  throw new MigrationError(
    'PD601',
    `No migration of ${table} was begun. \`partitiond migrate plan --table ${table}\` shows what it would do.`,
  );
}

export async function statusNow(work: MigrationWork, session: Session): Promise<MigrationStatus> {
  const { database, policy, io } = work;
  const record = await storedMigration(work, session);
  return await readStatus(session, database.journalSchema, record, policy.migration.verify.maxAgeMs, io.signal);
}
