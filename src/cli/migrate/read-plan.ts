import { ConfigError, UsageError } from '../../errors.ts';
import { journalProblem, readJournalPlace } from '../../journal/install.ts';
import { readDrainPlan } from '../../migrate/regrain/read-drain-plan.ts';
import { readRegrainPlan } from '../../migrate/regrain/read-regrain-plan.ts';
import { type PlannedMigration, readMigrationPlan } from '../../migrate/run/begin-migration.ts';
import { type Interval, parseInterval } from '../../partition/interval.ts';
import type { EpochMicros } from '../../partition/position.ts';
import { formatQualifiedName, parseQualifiedName, type QualifiedName } from '../../partition/qualified-name.ts';
import { refuse } from '../../plan/migration/migration-case.ts';
import type { Session } from '../../postgres/session.ts';
import type { Invocation } from '../command-line/invocation.ts';
import { options } from '../command-line/options.ts';
import type { MigrationWork } from './migration-work.ts';

/**
 * The plan of what the command line asks for: the partitions of `--partitions` by `--interval`, the default partition, or the whole table. Throws `UsageError` (PD003), and
 * `ConfigError` (PD104) for a whole table whose entry has no block `migration`.
 */
export async function readPlan(work: MigrationWork, session: Session, now: EpochMicros): Promise<PlannedMigration> {
  assertPlannable(work);
  const { invocation, policy, io } = work;
  if (invocation.has(options.drainDefault)) return await readDrainPlan(session, policy, now, io.signal);
  const [partitions, interval] = [invocation.value(options.partitions), invocation.value(options.interval)];
  if (partitions !== null && interval !== null) {
    const request = { partitions: names(partitions, policy.table), interval: intervalOf(interval) };
    return await readRegrainPlan(session, policy, request, now, io.signal);
  }
  if (partitions !== null || interval !== null) {
    throw new UsageError('PD003', 'To split or merge partitions give both, for example --partitions revenues_2024 --interval "1 month".');
  }
  return refusedWithoutJournal(await readMigrationPlan(session, policy, now, io.signal), await readJournalProblem(work, session));
}

async function readJournalProblem({ database, io }: MigrationWork, session: Session): Promise<string | null> {
  const { journalSchema } = database;
  return journalProblem(await readJournalPlace(session, journalSchema, io.signal), journalSchema);
}

/** A start would be refused by the server: better now, with all the rest. */
function refusedWithoutJournal(planned: PlannedMigration, problem: string | null): PlannedMigration {
  if (problem === null) return planned;
  const { plan } = planned;
  return { ...planned, plan: { ...plan, spec: null, refusals: [...plan.refusals, refuse('journal', problem)] } };
}

/**
 * Throws `ConfigError` (PD104) when a whole table is meant whose entry says nothing of a migration, and `UsageError` (PD003) when two things are asked
 * for at once; needs no connection.
 */
export function assertPlannable({ invocation, policy, database, hasBlock }: MigrationWork): void {
  const isOfPartitions = invocation.has(options.partitions) || invocation.has(options.interval);
  if (isOfPartitions && invocation.has(options.drainDefault)) {
    throw new UsageError('PD003', '--drain-default chooses its partitions itself; leave out --partitions and --interval.');
  }
  if (isWhole(invocation) && !hasBlock) throw withoutBlock(database.name, formatQualifiedName(policy.table));
}

/** Whether the migration that is asked for would be one of an ordinary table. */
export function isWhole(invocation: Invocation): boolean {
  return !invocation.has(options.partitions) && !invocation.has(options.interval) && !invocation.has(options.drainDefault);
}

/** Partitions live beside their table. */
function names(text: string, { schema }: QualifiedName): readonly QualifiedName[] {
  const prefix = formatQualifiedName({ schema, name: 'x' }).slice(0, -1);
  return text.split(',').map((part) => {
    const name = part.trim();
    return spelled('partitions', text, () => parseQualifiedName(name.includes('.') ? name : `${prefix}${name}`));
  });
}

function intervalOf(text: string): Interval {
  return spelled('interval', text, () => parseInterval(text));
}

function spelled<T>(option: string, text: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError('PD003', `--${option} ${JSON.stringify(text)}: ${problem}`, { cause });
  }
}

function withoutBlock(database: string, table: string): ConfigError {
  const message = 'has no block `migration`; add `migration: { partitionKey: COLUMN }`, beside the `interval` that the table shall have.';
  return new ConfigError('PD104', `The configuration says nothing of a migration of ${table}.`, [
    { path: `database ${database}, table ${table}`, message, line: null },
  ]);
}
