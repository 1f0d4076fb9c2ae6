import { describeParent, type Parent } from '../catalog/describe-parent.ts';
import { decodeParent, parentsSql } from '../catalog/parents.sql.ts';
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

/** A configured table, or why there is nothing to look at. */
export type ProbedState =
  | {
      readonly kind: 'partitioned';
      readonly policy: TablePolicy;
      readonly table: ProbedTable;
      /** What the catalog says of it; `partitions` in the snapshot's order, pending detaches included. */
      readonly parent: Parent;
      readonly partitions: readonly Partition[];
    }
  | { readonly kind: 'failed'; readonly policy: TablePolicy; readonly error: StatementError };

/**
 * States aligned with `policies`, by two to four catalog queries for all of them, without a lock on any table; when these fail, table by table,
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

async function readTogether(session: Session, policies: readonly TablePolicy[], signal: AbortSignal): Promise<readonly ProbedState[]> {
  const described = await readParents(session, policies, signal);
  const oids = described.map((state) => ('oid' in state ? state.oid : null)).filter((oid) => oid !== null);
  const trees = await readTrees(session, [...new Set(oids)], signal);
  return policies.map((policy, i): ProbedState => {
    const parent = described[i];
    if (parent === undefined || !('oid' in parent)) return { kind: 'failed', policy, error: obstacleError(policy, parent) };
    const partitions = shapePartitions(trees.unpacked.get(parent.oid) ?? [], parent.codec);
    return { kind: 'partitioned', policy, parent, partitions, table: probedTable(parent, partitions, trees.leaves) };
  });
}

async function readParents(
  session: Session,
  policies: readonly TablePolicy[],
  signal: AbortSignal,
): Promise<readonly (Parent | Obstacle)[]> {
  if (policies.length === 0) return [];
  const names = [policies.map(({ table }) => table.schema), policies.map(({ table }) => table.name), policies.map(() => null)];
  const rows = await session.rows(parentsSql, names, decodeParent, signal);
  const missing = rows.flatMap(({ oid }, i) => (oid === null ? [policies[i]?.table.name ?? ''] : []));
  const found = missing.length === 0 ? [] : await session.rows(similarRelationsSql, [missing], decodeSimilarRelation, signal);
  const similar = new Map(found.map((row) => [row.wanted, row.similar]));
  return rows.map((row, i) => {
    const policy = policies[i];
    if (policy === undefined) throw new TypeError('read-parents answered with a table too many');
    return describeParent(row, policy, similar.get(policy.table.name) ?? null);
  });
}

interface Trees {
  readonly unpacked: ReadonlyMap<string, ReturnType<typeof unpackPartitions>>;
  /** Of partitions that are partitioned themselves, by oid. */
  readonly leaves: ReadonlyMap<string, readonly QualifiedName[]>;
}

async function readTrees(session: Session, oids: readonly string[], signal: AbortSignal): Promise<Trees> {
  const unpacked = new Map<string, ReturnType<typeof unpackPartitions>>();
  const leaves = new Map<string, QualifiedName[]>();
  if (oids.length === 0) return { unpacked, leaves };
  const roots: string[] = [];
  const takeRow: RowDecoder<void> = (values, queryName) => {
    const row = decodePartitions(values, queryName);
    unpacked.set(row.parent, unpackPartitions(row));
    for (const oid of row.subPartitioned) roots.push(oid);
  };
  await session.rows(partitionsSql, [oids], takeRow, signal);
  if (roots.length === 0) return { unpacked, leaves };
  for (const { root, schema, name } of await session.rows(leavesSql, [roots], decodeLeaf, signal)) {
    const known = leaves.get(root);
    if (known === undefined) leaves.set(root, [{ schema, name }]);
    else known.push({ schema, name });
  }
  return { unpacked, leaves };
}

function probedTable(parent: Parent, partitions: readonly Partition[], leaves: Trees['leaves']): ProbedTable {
  return {
    oid: parent.oid,
    name: parent.policy.table,
    keyColumn: parent.key.name,
    keyType: parent.key.type,
    partitions: partitions
      .filter(({ isDetachPending }) => !isDetachPending)
      .map(({ oid, name, kind }) => ({ name, leaves: kind === 'partitioned' ? (leaves.get(oid) ?? []) : [name] })),
  };
}

/** 42P01: undefined_table, 42501: insufficient_privilege, 42809: wrong_object_type. */
const sqlstateOf: Readonly<Record<Obstacle['kind'], string>> = {
  'not-partitioned': '42P01',
  'missing-privilege': '42501',
  'unsupported-key': '42809',
};

function obstacleError(policy: TablePolicy, obstacle: Obstacle | undefined): StatementError {
  if (obstacle === undefined) throw new TypeError('read-parents left a table out');
  const context = { table: `${policy.table.schema}.${policy.table.name}` };
  return new StatementError('PD530', obstacle.message, sqlstateOf[obstacle.kind], { context });
}
