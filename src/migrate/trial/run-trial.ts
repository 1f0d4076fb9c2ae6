import { decodeTargetSize, type TargetSize, targetSizeSql } from '../../catalog/migration/facts/trial-schemas.sql.ts';
import { readDefinition } from '../../catalog/migration/read-definition.ts';
import { renderSample, renderSampleTable, renderTrialSchemas } from '../../ddl/migration/copy/sample.ts';
import { ConnectionError, InvariantError, MigrationError, NotLeaderError } from '../../errors.ts';
import type { MigrationSpec } from '../../partition/migration/spec.ts';
import type { EpochMicros } from '../../partition/position.ts';
import { formatQualifiedName, type QualifiedName } from '../../partition/qualified-name.ts';
import type { TrialMeasurements } from '../../plan/migration/extent/trial.ts';
import { planMigration } from '../../plan/migration/plan-migration.ts';
import { tryAdvisoryLock } from '../../postgres/advisory-lock.ts';
import type { Clock } from '../../postgres/clock.ts';
import type { Session } from '../../postgres/session.ts';
import type { Engine } from '../engine.ts';
import { beginMigration, type MigrationTable, type PlannedMigration } from '../run/begin-migration.ts';
import { type EngineRequest, noticeWithinMs, openEngine } from '../run/open-engine.ts';
import { runMigration } from '../run/run-migration.ts';
import { TrialMeter } from './trial-meter.ts';
import { removeTrials, type TrialPlace, trialKey, trialPlace } from './trial-schemas.ts';

export interface TrialRequest extends Omit<EngineRequest, 'id' | 'table' | 'policy' | 'journalSchema' | 'takeOverWithinMs'> {
  readonly policy: MigrationTable;
  readonly planned: PlannedMigration;
  /** How many rows. */
  readonly rows: number;
  /** Of the database's clock. */
  readonly now: EpochMicros;
}

const lookEveryMs = 100;
/** What is dropped at the end is dropped also when the trial itself was interrupted, within what a term leaves. */
const dropWithinMs = 15_000;

/**
 * Migrates some rows of the table up to `ready`, as a whole and with the engine itself, beside it: rows, target and journal are in schemas of
 * the trial's own, which are dropped whatever happens; when the process is killed, by the next trial or start. The source is read once, under
 * AccessShareLock. The plan must not be refused. Throws `NotLeaderError` (PD308) while another trial of the table runs, `MigrationError` (PD605)
 * where the plan is to move no row, PD602 when the engine finds what would pause a migration, `StatementError`, `ConnectionError`.
 */
export async function runTrial(request: TrialRequest, signal: AbortSignal): Promise<TrialMeasurements> {
  const { planned, clock } = request;
  const { spec } = planned.plan;
  if (spec === null) throw new InvariantError('PD920', 'A trial of a plan that is refused');
  if (spec.strategy === 'attach') throw movesNothing(spec);
  const place = trialPlace(spec.definition.oid);
  const keeper = await request.connect('partitiond:migrate-trial', signal);
  try {
    await takePlace(keeper, place, spec, clock, signal);
    await removeTrials(keeper, clock, signal);
    try {
      return await tryOut(request, spec, place, keeper, signal);
    } finally {
      await cleanUp(request, keeper);
    }
  } finally {
    await keeper.close();
  }
}

async function tryOut(
  request: TrialRequest,
  spec: MigrationSpec,
  place: TrialPlace,
  keeper: Session,
  signal: AbortSignal,
): Promise<TrialMeasurements> {
  const { clock, planned, who } = request;
  const sample: QualifiedName = { schema: place.schema, name: spec.table.name };
  const { estimatedRows } = planned.circumstances;
  const statements = [
    'SET LOCAL row_security = off',
    ...renderTrialSchemas([place.schema, place.journalSchema]),
    ...renderSampleTable(spec.definition, sample),
    renderSample(spec, sample, request.rows, estimatedRows),
  ];
  await keeper.transaction(() => keeper.execute(statements.join(';\n'), signal), signal);
  await keeper.execute(`ANALYZE ${formatQualifiedName(sample)}`, signal);
  const policy = trialPolicy(request.policy, sample);
  const id = await beginMigration(keeper, place.journalSchema, await planTrial(request, policy, keeper, signal), who, signal);
  const meter = new TrialMeter(() => clock.monotonicMs());
  const running = await openEngine(
    {
      ...request,
      id,
      table: sample,
      policy,
      journalSchema: place.journalSchema,
      takeOverWithinMs: 0,
      observe: (event) => {
        meter.observe(event);
        request.observe(event);
      },
    },
    signal,
  );
  try {
    await runMigration(running, 'prepare', signal);
    const empty = await readSize(running.engine, signal);
    await runMigration(running, 'ready', signal);
    const full = await readSize(running.engine, signal);
    const { rows, copyMs, indexMs, verifyMs } = meter;
    return {
      rows,
      asked: request.rows,
      partitions: full.partitions,
      filled: full.filled,
      copyMs,
      indexMs,
      verifyMs,
      bytes: Math.max(0, full.bytes - empty.bytes),
    };
  } finally {
    await running.close();
  }
}

/** Nobody waits for a window to try something out. */
function trialPolicy(policy: MigrationTable, sample: QualifiedName): MigrationTable {
  return { ...policy, table: sample, migration: { ...policy.migration, strategy: 'copy', window: [], readSchemas: null } };
}

/** The names in the trial's schema are all free; sizes and range are the source's. */
async function planTrial(request: TrialRequest, policy: MigrationTable, session: Session, signal: AbortSignal): Promise<PlannedMigration> {
  const definition = await readDefinition(session, policy.table, signal);
  if (definition === null) throw new InvariantError('PD920', 'The rows of a trial are gone');
  const circumstances = { ...request.planned.circumstances, takenNames: [], readSchemas: [], estimatedRows: request.rows };
  return { plan: planMigration(policy, definition, circumstances, request.now), definition, circumstances };
}

async function readSize({ session, record }: Engine, signal: AbortSignal): Promise<TargetSize> {
  const [size] = await session.rows(targetSizeSql, [record.targetOid], decodeTargetSize, signal);
  if (size === undefined) throw new InvariantError('PD903', 'read-trial-size returned no row');
  return size;
}

/** Backends of a killed trial may hold its lock for a few seconds yet. */
async function takePlace(session: Session, { schema }: TrialPlace, spec: MigrationSpec, clock: Clock, signal: AbortSignal): Promise<void> {
  const startedAt = clock.monotonicMs();
  while (!(await tryAdvisoryLock(session, trialKey(schema), signal))) {
    if (clock.monotonicMs() - startedAt >= noticeWithinMs) {
      const table = formatQualifiedName(spec.table);
      throw new NotLeaderError('PD308', `Another trial of the migration of ${table} is at work; wait for its end.`);
    }
    await clock.sleep(lookEveryMs, signal);
  }
}

/** On another session where the trial has lost its own. An interruption does not keep it from dropping what it has made. */
async function cleanUp({ connect, clock }: TrialRequest, keeper: Session): Promise<void> {
  const signal = AbortSignal.timeout(dropWithinMs);
  try {
    await removeTrials(keeper, clock, signal);
  } catch (error) {
    if (!(error instanceof ConnectionError)) throw error;
    const other = await connect('partitiond:migrate-trial', signal);
    try {
      await removeTrials(other, clock, signal);
    } finally {
      await other.close();
    }
  }
}

function movesNothing({ table }: MigrationSpec): MigrationError {
  const name = formatQualifiedName(table);
  return new MigrationError(
    'PD605',
    `The plan of ${name} is to attach it as it is: no row is copied, so there is nothing to try out and to measure. ` +
      'Set migration.strategy to copy to try that.',
  );
}
