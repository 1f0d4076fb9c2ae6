import { type CapturedRelation, capturedRelationsSql, decodeCapturedRelation } from '../../catalog/migration/capture-triggers.sql.ts';
import { renderCaptureFunctions } from '../../ddl/migration/capture/capture-functions.ts';
import { captureLog, renderCreateLog } from '../../ddl/migration/capture/capture-log.ts';
import {
  type CaptureTrigger,
  forwardTriggers,
  renderCaptureTrigger,
  reverseTriggers,
  truncateTrigger,
} from '../../ddl/migration/capture/capture-triggers.ts';
import { renderYieldAutovacuum } from '../../ddl/migration/capture/yield-autovacuum.ts';
import type { Lock } from '../../ddl/statement.ts';
import { InvariantError } from '../../errors.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import type { Engine } from '../engine.ts';
import { brief } from '../transactions.ts';

/**
 * Step 2: log, functions and triggers on the source; the reverse ones on the target, disabled. Makes what is missing. All triggers of the source
 * come in one transaction, which waits for the writes in flight: a write is captured whole or was there before the first block is read. Waits
 * for nobody beyond the ladder.
 */
export async function installCapture(engine: Engine, signal: AbortSignal): Promise<void> {
  const { id, spec, surroundings, record } = engine;
  const { journalSchema } = surroundings;
  const relations = await readCapturedRelations(engine, signal);
  const source = relations.find(({ role }) => role === 'source');
  const target = relations.find(({ role }) => role === 'target');
  if (source === undefined || target === undefined) throw new InvariantError('PD924', 'capture is installed before there are two tables');
  const forward = missing(source, forwardTriggers(spec, id));
  const reverse = missing(target, reverseTriggers(spec, id));
  if (!source.hasLog || forward.length > 0 || reverse.length > 0) {
    const log = source.hasLog ? [] : renderCreateLog(spec, journalSchema, id);
    await brief(engine, 'create the log of captured positions', [...log, ...renderCaptureFunctions(spec, journalSchema, id)], [], signal);
  }
  if (forward.length > 0) {
    const triggers = forward.flatMap((trigger) => renderCaptureTrigger(trigger, source, journalSchema, id, record.live === 'source'));
    const doing = `capture the writes of ${formatQualifiedName(source)}`;
    await brief(engine, doing, [...renderYieldAutovacuum(source), ...triggers], [exclusive(source)], signal);
  }
  if (reverse.length > 0) {
    const triggers = reverse.flatMap((trigger) => renderCaptureTrigger(trigger, target, journalSchema, id, record.live === 'target'));
    await brief(engine, `prepare to capture the writes of ${formatQualifiedName(target)}`, triggers, [exclusive(target)], signal);
  }
  await captureTruncates(engine, relations, signal);
}

/** New partitions of the target get the trigger that PostgreSQL does not clone; nothing to do as a rule. */
export async function installPartitionCapture(engine: Engine, signal: AbortSignal): Promise<void> {
  await captureTruncates(engine, await readCapturedRelations(engine, signal), signal);
}

async function readCapturedRelations(
  { session, surroundings, id, record }: Engine,
  signal: AbortSignal,
): Promise<readonly CapturedRelation[]> {
  const log = formatQualifiedName(captureLog(surroundings.journalSchema, id));
  return await session.rows(capturedRelationsSql, [record.sourceOid, record.targetOid, log], decodeCapturedRelation, signal);
}

async function captureTruncates(engine: Engine, relations: readonly CapturedRelation[], signal: AbortSignal): Promise<void> {
  const trigger = truncateTrigger(engine.id);
  const bare = relations.filter((relation) => relation.role === 'partition' && missing(relation, [trigger]).length > 0);
  if (bare.length === 0) return;
  const statements = bare.flatMap((partition) =>
    renderCaptureTrigger(trigger, partition, engine.surroundings.journalSchema, engine.id, true),
  );
  await brief(engine, 'capture TRUNCATE of partitions', statements, bare.map(exclusive), signal);
}

function missing({ triggers }: CapturedRelation, wanted: readonly CaptureTrigger[]): readonly CaptureTrigger[] {
  return wanted.filter(({ name }) => !triggers.includes(name));
}

function exclusive(relation: CapturedRelation): Lock {
  return { relation: formatQualifiedName(relation), mode: 'ShareRowExclusiveLock' };
}
