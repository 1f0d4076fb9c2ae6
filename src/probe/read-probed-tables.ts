import { describeParent, type Parent } from '../catalog/describe-parent.ts';
import type { ParentRow } from '../catalog/parents.sql.ts';
import { decodePartitions, partitionsSql, unpackPartitions } from '../catalog/partitions.sql.ts';
import { shapePartitions } from '../catalog/shape-partitions.ts';
import { decodeSimilarRelation, similarRelationsSql } from '../catalog/similar-relations.sql.ts';
import { StatementError } from '../errors.ts';
import type { Obstacle, Partition } from '../partition/partition.ts';
import type { TablePolicy } from '../partition/policy.ts';
import type { QualifiedName } from '../partition/qualified-name.ts';
import type { RowDecoder } from '../postgres/row-decoder.ts';
import type { Session } from '../postgres/session.ts';
import { decodeLeaf, leavesSql } from './leaves.sql.ts';
import type { ProbedTable } from './probed-table.ts';
import { decodeProbedTable, type NamedPartition, type ProbedTableRow, probedTablesSql, unpackNames } from './probed-tables.sql.ts';

/** A configured table, or why there is nothing to look at. */
export type ProbedState = PartitionedState | { readonly kind: 'failed'; readonly policy: TablePolicy; readonly error: StatementError };

export interface PartitionedState {
  readonly kind: 'partitioned';
  readonly policy: TablePolicy;
  /** Its partitions in the order of their making. */
  readonly table: ProbedTable;
  readonly parent: Pick<Parent, 'oid' | 'policy' | 'key' | 'codec' | 'grid'>;
  readonly defaultPartition: QualifiedName | null;
}

/**
 * States aligned with `policies`, by one to three catalog queries for all of them, without a lock on any table; when these fail, table by table,
 * so that a bad one costs no other. Throws whatever is not a `StatementError`.
 */
export async function readProbedTables(
  session: Session,
  policies: readonly TablePolicy[],
  signal: AbortSignal,
): Promise<readonly ProbedState[]> {
  try {
    return await readTogether(session, policies, signal);
  } catch (error) {
    if (!(error instanceof StatementError)) throw error;
    const [only] = policies;
    if (policies.length === 1 && only !== undefined) return [{ kind: 'failed', policy: only, error }];
  }
  const states: ProbedState[] = [];
  for (const policy of policies) states.push(...(await readProbedTables(session, [policy], signal)));
  return states;
}

/** The bounds of partitions, by the oid of their table, ranges in their order; pending detaches are left out. One query, no lock. */
export async function readBounds(
  session: Session,
  states: readonly PartitionedState[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly Partition[]>> {
  const found = new Map<string, readonly Partition[]>();
  if (states.length === 0) return found;
  const codecs = new Map(states.map(({ parent }) => [parent.oid, parent.codec]));
  const takeRow: RowDecoder<void> = (values, queryName) => {
    const row = decodePartitions(values, queryName);
    const codec = codecs.get(row.parent);
    if (codec === undefined) return;
    found.set(
      row.parent,
      shapePartitions(unpackPartitions(row), codec).filter(({ isDetachPending }) => !isDetachPending),
    );
  };
  await session.rows(partitionsSql, [[...codecs.keys()]], takeRow, signal);
  return found;
}

/** The table with its partitions in the order of their bounds. Pure. */
export function inOrderOf(table: ProbedTable, bounds: readonly Partition[]): ProbedTable {
  const place = new Map(bounds.map(({ name }, i) => [`${name.schema}\u0000${name.name}`, i]));
  const placeOf = ({ name }: { readonly name: QualifiedName }): number => place.get(`${name.schema}\u0000${name.name}`) ?? place.size;
  return { ...table, partitions: table.partitions.toSorted((a, b) => placeOf(a) - placeOf(b)) };
}

async function readTogether(session: Session, policies: readonly TablePolicy[], signal: AbortSignal): Promise<readonly ProbedState[]> {
  if (policies.length === 0) return [];
  const names = [policies.map(({ table }) => table.schema), policies.map(({ table }) => table.name)];
  const rows = await session.rows(probedTablesSql, names, decodeProbedTable, signal);
  const missing = rows.flatMap(({ oid }, i) => (oid === null ? [policies[i]?.table.name ?? ''] : []));
  const found = missing.length === 0 ? [] : await session.rows(similarRelationsSql, [missing], decodeSimilarRelation, signal);
  const similar = new Map(found.map((row) => [row.wanted, row.similar]));
  const partitions = rows.map((row, i) => unpackNames(row.packedPartitions, policies[i]?.table.schema ?? ''));
  const leaves = await readLeaves(session, partitions.flat(), signal);
  return policies.map((policy, i): ProbedState => {
    const row = rows[i];
    if (row === undefined) throw new TypeError('read-probed-tables left a table out');
    const parent = describeParent(withoutUpkeep(row, i), policy, similar.get(policy.table.name) ?? null);
    if (!('oid' in parent)) return { kind: 'failed', policy, error: obstacleError(policy, parent) };
    return stateOf(policy, parent, partitions[i] ?? [], row.defaultOid, leaves);
  });
}

type Leaves = ReadonlyMap<string, readonly QualifiedName[]>;

/** Of partitions that are partitioned themselves, by oid. */
async function readLeaves(session: Session, partitions: readonly NamedPartition[], signal: AbortSignal): Promise<Leaves> {
  const roots = partitions.filter(({ isPartitioned }) => isPartitioned).map(({ oid }) => oid);
  const leaves = new Map<string, QualifiedName[]>(roots.map((root) => [root, []]));
  if (roots.length === 0) return leaves;
  for (const { root, schema, name } of await session.rows(leavesSql, [roots], decodeLeaf, signal)) leaves.get(root)?.push({ schema, name });
  return leaves;
}

function stateOf(
  policy: TablePolicy,
  parent: Parent,
  partitions: readonly NamedPartition[],
  defaultOid: string | null,
  leaves: Leaves,
): PartitionedState {
  const probed = partitions.map(({ oid, schema, name }) => ({ name: { schema, name }, leaves: leaves.get(oid) ?? [{ schema, name }] }));
  const fallback = partitions.find(({ oid }) => oid === defaultOid);
  return {
    kind: 'partitioned',
    policy,
    parent,
    table: { oid: parent.oid, name: policy.table, keyColumn: parent.key.name, keyType: parent.key.type, partitions: probed },
    defaultPartition: fallback === undefined ? null : { schema: fallback.schema, name: fallback.name },
  };
}

/** A parent is described from more than probes ask for; what only those need who change tables is empty. */
function withoutUpkeep(row: ProbedTableRow, index: number): ParentRow {
  const may = { canActAsOwner: false, isOwnerSuperuser: false, canSelect: false, canUseSchema: false, canCreateInSchema: false };
  const retention = { hasRetentionSchema: false, canCreateInRetentionSchema: false };
  return {
    ...row,
    ...may,
    ...retention,
    ordinal: index + 1,
    owner: '',
    role: '',
    leftoverGuards: [],
    referencedBy: [],
    isDefaultPublished: null,
    references: [],
  };
}

/** 42P01: undefined_table, 42501: insufficient_privilege, 42809: wrong_object_type. */
const sqlstateOf: Readonly<Record<Obstacle['kind'], string>> = {
  'not-partitioned': '42P01',
  'missing-privilege': '42501',
  'unsupported-key': '42809',
};

function obstacleError(policy: TablePolicy, obstacle: Obstacle): StatementError {
  const context = { table: `${policy.table.schema}.${policy.table.name}` };
  return new StatementError('PD530', obstacle.message, sqlstateOf[obstacle.kind], { context });
}
