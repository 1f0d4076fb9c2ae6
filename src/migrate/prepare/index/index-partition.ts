import { renderClusterOn, renderDropIndex, renderReplicaIndex } from '../../../ddl/migration/target/index-marks.ts';
import {
  isBuiltAsConstraint,
  renderAttach,
  renderPartitionIndex,
  renderPartitionIndexConcurrently,
} from '../../../ddl/migration/target/target-index.ts';
import { firstIndexes, laterIndexes, targetIndexName } from '../../../ddl/migration/target/target-names.ts';
import { MigrationError } from '../../../errors.ts';
import type { IndexDefinition } from '../../../partition/migration/definition.ts';
import { formatQualifiedName } from '../../../partition/qualified-name.ts';
import type { Session } from '../../../postgres/session.ts';
import type { Engine } from '../../engine.ts';
import { long } from '../../transactions.ts';
import type { TargetPartition } from '../target-partitions.sql.ts';
import { alone } from './alone.ts';
import { partitionIndexName } from './index-name.ts';
import {
  decodeRelationIndex,
  decodeTakenRelation,
  type RelationIndex,
  relationIndexesSql,
  takenRelationsSql,
} from './relation-indexes.sql.ts';

/** More strangers in a row than that have the names of nobody's indexes. */
const candidates = 9;

/**
 * Every later index of the source on one partition, attached to the target's, but for those that the target gets as a whole; then the marks. What is attached is left; what is there under its
 * name is attached when it is valid, else dropped and built again.
 */
export async function indexPartition(engine: Engine, session: Session, partition: TargetPartition, signal: AbortSignal): Promise<void> {
  const built = laterIndexes(engine.spec).filter((index) => !isBuiltAsConstraint(index));
  for (const index of built) await buildIndex(engine, session, partition, index, signal);
  await markIndexes(engine, session, partition, signal);
}

async function buildIndex(
  engine: Engine,
  session: Session,
  partition: TargetPartition,
  index: IndexDefinition,
  signal: AbortSignal,
): Promise<void> {
  const { spec } = engine;
  const present = await readIndexes(session, partition.oid, signal);
  const parent = targetIndexName(spec, index);
  if (present.some((found) => found.parent === parent)) return;
  const name = await chooseName(engine, session, partition, index, present, signal);
  const relation = formatQualifiedName({ schema: partition.schema, name });
  const half = present.find((found) => found.name === name);
  if (half?.isValid === false) {
    await long(engine, session, `drop invalid index ${relation}`, [renderDropIndex({ schema: partition.schema, name })], signal);
  }
  if (half?.isValid !== true) await create(engine, session, partition, index, name, signal);
  await long(engine, session, `attach index ${relation}`, renderAttach(spec, index, partition, name), signal);
}

/** In `dual` writers of the application write the partition too, and must not wait for a build. */
async function create(
  engine: Engine,
  session: Session,
  partition: TargetPartition,
  index: IndexDefinition,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  const doing = `create index ${formatQualifiedName({ schema: partition.schema, name })}`;
  if (engine.spec.capture === 'dual') {
    const sql = renderPartitionIndexConcurrently(engine.spec, index, partition, name);
    await alone(engine, session, { doing, sql, waitMs: 0, tablespace: index.tablespace }, signal);
  } else {
    await long(engine, session, doing, renderPartitionIndex(engine.spec, index, partition, name), signal);
  }
}

/** The first name that is free, or that an index of this partition has which nobody has attached. */
async function chooseName(
  { spec }: Engine,
  session: Session,
  partition: TargetPartition,
  index: IndexDefinition,
  present: readonly RelationIndex[],
  signal: AbortSignal,
): Promise<string> {
  const names = Array.from({ length: candidates }, (_, n) => partitionIndexName(spec.table, index.name, partition, n + 1));
  const taken = await session.rows(takenRelationsSql, [partition.schema, names], decodeTakenRelation, signal);
  const unattached = new Set(present.filter(({ parent }) => parent === null).map(({ name }) => name));
  const isUsable = (name: string): boolean => unattached.has(name) || !taken.some((found) => found.name === name);
  const chosen = names.find(isUsable);
  if (chosen !== undefined) return chosen;
  const what = `All names for the index of ${formatQualifiedName(partition)} that is to be like ${index.name} are taken`;
  throw new MigrationError('PD624', `${what} (${names[0]} and the like). Rename or drop the relations of these names.`);
}

async function markIndexes(engine: Engine, session: Session, partition: TargetPartition, signal: AbortSignal): Promise<void> {
  const { spec } = engine;
  const present = await readIndexes(session, partition.oid, signal);
  const childOf = (index: IndexDefinition): RelationIndex | undefined =>
    present.find(({ parent }) => parent === targetIndexName(spec, index));
  const clustered = spec.definition.indexes.find(({ isClustered }) => isClustered);
  const cluster = clustered === undefined ? undefined : childOf(clustered);
  const replica = replicaIndex(spec);
  const identity = replica === null ? undefined : childOf(replica);
  const statements = [
    ...(cluster === undefined || cluster.isClustered ? [] : [renderClusterOn(partition, cluster.name)]),
    ...(identity === undefined || identity.isReplicaIdentity ? [] : [renderReplicaIndex(partition, identity.name)]),
  ];
  if (statements.length > 0) await long(engine, session, `mark indexes of ${formatQualifiedName(partition)}`, statements, signal);
}

/** The source's index that replication identifies rows by; null when it does so otherwise. */
export function replicaIndex(spec: Engine['spec']): IndexDefinition | null {
  const { replicaIdentity } = spec.definition.template;
  if (replicaIdentity.kind !== 'index') return null;
  const tail = replicaIdentity.definition.trim();
  return [...laterIndexes(spec), ...firstIndexes(spec)].find((index) => index.isUnique && index.tail.trim() === tail) ?? null;
}

export async function readIndexes(session: Session, oid: string, signal: AbortSignal): Promise<readonly RelationIndex[]> {
  return await session.rows(relationIndexesSql, [oid], decodeRelationIndex, signal);
}
