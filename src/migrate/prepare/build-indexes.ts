import { renderComments } from '../../ddl/migration/target/comments.ts';
import { renderCheck } from '../../ddl/migration/target/create-target.ts';
import {
  renderAnalyzeParent,
  renderAutovacuum,
  renderIndexStatistics,
  renderReplicaIndex,
  renderVacuumFreeze,
} from '../../ddl/migration/target/index-marks.ts';
import { isBuiltAsConstraint, renderParentIndex, renderWholeIndex } from '../../ddl/migration/target/target-index.ts';
import { laterIndexes, targetIndexName } from '../../ddl/migration/target/target-names.ts';
import type { LockMode } from '../../ddl/statement.ts';
import { InvariantError } from '../../errors.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import type { Session } from '../../postgres/session.ts';
import type { Engine } from '../engine.ts';
import { brief, long } from '../transactions.ts';
import { alone } from './index/alone.ts';
import { indexPartition, readIndexes, replicaIndex } from './index/index-partition.ts';
import { constraintSql, decodeConstraint } from './index/relation-indexes.sql.ts';
import { PartitionsAtRest } from './partitions-at-rest.ts';
import { storageOf, withoutAutovacuum } from './provision/target-policy.ts';
import { readTargetPartitions } from './provision-target.ts';
import type { TargetPartition } from './target-partitions.sql.ts';

/**
 * Step 6: indexes per partition, attached to those of the target; statistics; VACUUM (FREEZE, ANALYZE). Unique ones too, so the log must have been
 * empty once. Partitions are worked on by `copy.workers` sessions; while one is, it is in `atRest`, for replay to leave it alone. Readers of the
 * target go on, but for an instant when an index becomes a constraint.
 */
export async function buildIndexes(engine: Engine, signal: AbortSignal, atRest: PartitionsAtRest = new PartitionsAtRest()): Promise<void> {
  await makeParentIndexes(engine, signal);
  const partitions = await readTargetPartitions(engine, signal);
  await share(engine, partitions, signal, async (session, partition) => {
    const wake = atRest.rest(partition.oid, partition.bound);
    try {
      await indexPartition(engine, session, partition, signal);
    } finally {
      wake();
    }
    await freeze(engine, session, partition, signal);
  });
  await completeTarget(engine, signal);
}

/**
 * PostgreSQL attaches no index of an exclusion constraint, nor of WITHOUT OVERLAPS, to another (CompareIndexInfo in index.c: "no support"; tried on
 * 17 and 18): those are made of all partitions at once, which keeps readers of the target out meanwhile.
 */
async function makeParentIndexes(engine: Engine, signal: AbortSignal): Promise<void> {
  const { spec, session } = engine;
  const present = new Set((await readIndexes(session, oidOf(engine), signal)).map(({ name }) => name));
  const relation = formatQualifiedName(spec.targetName);
  for (const index of laterIndexes(spec)) {
    const name = targetIndexName(spec, index);
    if (present.has(name)) continue;
    const mode: LockMode = index.constraint === null ? 'ShareLock' : 'AccessExclusiveLock';
    const doing = `create index ${formatQualifiedName({ schema: spec.targetName.schema, name })}`;
    if (isBuiltAsConstraint(index)) {
      await long(engine, session, doing, renderWholeIndex(spec, index), signal);
      continue;
    }
    await brief(engine, doing, renderParentIndex(spec, index), [{ relation, mode }], signal);
  }
}

/** Each partition once, by whichever session is free; the first error ends all, after what is at work. */
async function share(
  engine: Engine,
  partitions: readonly TargetPartition[],
  signal: AbortSignal,
  work: (session: Session, partition: TargetPartition) => Promise<void>,
): Promise<void> {
  const waiting = [...partitions];
  const worker = async (): Promise<void> => {
    const session = await engine.surroundings.connect('migrate-index', signal);
    try {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await work(session, next);
    } catch (error) {
      waiting.length = 0;
      throw error;
    } finally {
      await session.close();
    }
  };
  const workers = Math.max(1, Math.min(engine.policy.migration.copy.workers, partitions.length));
  const ends = await Promise.allSettled(Array.from({ length: workers }, worker));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

/** Once per partition: that autovacuum is off says that it is still to be done. */
async function freeze(engine: Engine, session: Session, partition: TargetPartition, signal: AbortSignal): Promise<void> {
  if (partition.autovacuum !== withoutAutovacuum['autovacuum_enabled']) return;
  const relation = formatQualifiedName(partition);
  await alone(engine, session, { doing: `vacuum ${relation}`, sql: renderVacuumFreeze(partition) }, signal);
  await long(engine, session, `give autovacuum back to ${relation}`, [renderAutovacuum(partition, storageOf(engine))], signal);
}

/** What belongs to the target as a whole, and what copied rows must not be held up by. */
async function completeTarget(engine: Engine, signal: AbortSignal): Promise<void> {
  const { spec, session, surroundings } = engine;
  const relation = formatQualifiedName(spec.targetName);
  const { schema } = spec.targetName;
  const later = laterIndexes(spec);
  const checks = spec.definition.checks.filter(({ isValid, isEnforced }) => !isValid && isEnforced);
  for (const check of checks) {
    const [found] = await session.rows(constraintSql, [oidOf(engine), check.name], decodeConstraint, signal);
    if (found?.exists === true) continue;
    await brief(
      engine,
      `add check ${check.name} to ${relation}`,
      [renderCheck(spec, check)],
      [{ relation, mode: 'AccessExclusiveLock' }],
      signal,
    );
  }
  const replica = replicaIndex(spec);
  const isMarked = (await readIndexes(session, oidOf(engine), signal)).some(({ isReplicaIdentity }) => isReplicaIdentity);
  const names = new Set([...later, ...checks].map(({ name }) => name));
  const statements = [
    ...(replica === null || isMarked ? [] : [renderReplicaIndex(spec.targetName, targetIndexName(spec, replica))]),
    ...later.flatMap((index) => renderIndexStatistics({ schema, name: targetIndexName(spec, index) }, index)),
    ...renderComments(spec, ({ on, name }) => (on === 'index' || on === 'constraint') && names.has(name)),
  ];
  if (statements.length > 0) {
    await brief(engine, `mark indexes of ${relation}`, statements, [{ relation, mode: 'AccessExclusiveLock' }], signal);
  }
  await long(engine, session, `analyze ${relation}`, [renderAnalyzeParent(spec.targetName, surroundings.serverVersion)], signal);
}

function oidOf({ record }: Engine): string {
  if (record.targetOid === null) throw new InvariantError('PD920', 'the target has no oid, although it was prepared');
  return record.targetOid;
}
