import { ConnectionError } from '../../errors.ts';
import { readNeededDrain } from '../../migrate/regrain/read-drain-plan.ts';
import { beginMigration, isUnfinished, type MigrationTable } from '../../migrate/run/begin-migration.ts';
import { readRecords } from '../../migrate/run/standing.ts';
import type { MigrationRecord } from '../../partition/migration/status.ts';
import type { DatabasePolicy } from '../../partition/policy.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import type { Session } from '../../postgres/session.ts';
import { errorFields } from '../../telemetry/error-fields.ts';
import type { Surroundings } from '../surroundings.ts';
import type { Candidate } from './eligible.ts';

const lookEveryMs = 60_000;
/** What keeps a default partition from being emptied is not read all over again before. */
const againMs = 3_600_000;

/** By database and table: until when one that could not be emptied is left alone. */
const resting = new WeakMap<DatabasePolicy, Map<string, number>>();

/** The tables of a database that a run of the daemon is about. */
interface Work {
  readonly database: DatabasePolicy;
  readonly tables: readonly Candidate[];
}

/** To be called as often as one likes: at once and then once a minute it begins what there is to begin. */
export function lookForDrains(session: Session, work: Work, surroundings: Surroundings): (signal: AbortSignal) => Promise<void> {
  const { clock } = surroundings;
  let dueAt = Number.NEGATIVE_INFINITY;
  return async (signal) => {
    if (clock.monotonicMs() < dueAt) return;
    dueAt = clock.monotonicMs() + lookEveryMs;
    const records = await readRecords({ session, journalSchema: work.database.journalSchema }, signal);
    await beginDrains(session, { ...work, records }, surroundings, signal);
  };
}

/**
 * Writes a migration down for each table whose entry says `defaultPartition: managed`, whose default partition holds more rows than a step moves, and
 * of which none is unfinished; it is carried out to its end like any that was begun. What stands in the way is logged, and fails nothing.
 */
async function beginDrains(
  session: Session,
  { database, tables, records }: Work & { readonly records: readonly MigrationRecord[] },
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<void> {
  const { clock, logger } = surroundings;
  const rests = resting.get(database) ?? new Map<string, number>();
  resting.set(database, rests);
  const busy = new Set(records.filter(isUnfinished).map(({ table }) => formatQualifiedName(table)));
  for (const { policy } of tables) {
    const table = formatQualifiedName(policy.table);
    if (policy.defaultPartition !== 'managed' || busy.has(table) || (rests.get(table) ?? 0) > clock.monotonicMs()) continue;
    try {
      if (!(await beginDrain(session, database, policy, surroundings, signal))) continue;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof ConnectionError) throw error;
      logger.error('default partition not drained', { database: database.name, table, ...errorFields(error) });
    }
    rests.set(table, clock.monotonicMs() + againMs);
  }
}

/** Whether something stands in the way. */
async function beginDrain(
  session: Session,
  { name, journalSchema }: DatabasePolicy,
  policy: MigrationTable,
  { clock, logger, who }: Surroundings,
  signal: AbortSignal,
): Promise<boolean> {
  const planned = await readNeededDrain(session, policy, clock.now(), signal);
  if (planned === null) return false;
  const { spec, refusals, notes } = planned.plan;
  const about = { database: name, table: formatQualifiedName(policy.table) };
  if (spec?.regrain === undefined) {
    logger.warn('default partition not drained', { ...about, reason: refusals.map(({ message }) => message).join(' ') });
    return true;
  }
  const plan = { ...planned.plan, spec: { ...spec, regrain: { ...spec.regrain, isAutomatic: true } } };
  const migration = await beginMigration(session, journalSchema, { ...planned, plan }, who, signal);
  logger.info('migration begun: the default partition holds more rows than a step moves', { ...about, migration, plan: notes.join(' ') });
  return false;
}
