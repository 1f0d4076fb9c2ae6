import type { DetachedRecord, HoldRecord, Partition, PartitionedTable, TableState } from '../partition/partition.ts';
import type { TablePolicy } from '../partition/policy.ts';
import type { EpochMicros } from '../partition/position.ts';
import type { RowDecoder } from '../postgres/row-decoder.ts';
import type { Session } from '../postgres/session.ts';
import { describeParent, type Parent } from './describe-parent.ts';
import { type DetachedRelationRow, decodeDetachedRelation, detachedRelationsSql } from './detached-relations.sql.ts';
import { detachedTables, holdsOf } from './journalled-facts.ts';
import { missingPrivileges } from './missing-privileges.ts';
import { decodeParent, type ParentRow, parentsSql } from './parents.sql.ts';
import { decodePartitions, type PartitionsRow, partitionsSql, unpackPartitions } from './partitions.sql.ts';
import { type DataFacts, readNewest } from './read-newest.ts';
import { shapePartitions, withSubtrees } from './shape-partitions.ts';
import { decodeSimilarRelation, similarRelationsSql } from './similar-relations.sql.ts';
import { decodeSubtreeEstimate, subtreeEstimatesSql } from './subtree-estimates.sql.ts';

/**
 * Reads the snapshot: what the catalog says about the configured tables, from real bounds and never from names. Decides nothing, knows no
 * steps and never writes.
 */

export interface ReadTablesRequest {
  readonly policies: readonly TablePolicy[];
  /** The clock that counts, microseconds since 1970 UTC. */
  readonly now: EpochMicros;
  /** From the journal; records of other tables are ignored. */
  readonly detached: readonly DetachedRecord[];
  readonly holds: readonly HoldRecord[];
}

/**
 * States aligned with `request.policies`, in a constant number of catalog queries whatever their number: parents, partitions, sizes of what
 * may hold the newest rows, and one each for sub-partitions, detached tables and misspelt names where there are any. Rows are looked at
 * only where something lies ahead of the clock, in a default partition, or under an integer key (50 tables a query). Takes no lock but
 * AccessShareLock on catalogs and on what it reads. Throws `StatementError` and `ConnectionError` as the session does.
 */
export async function readTables(session: Session, request: ReadTablesRequest, signal: AbortSignal): Promise<readonly TableState[]> {
  const described = await readParents(session, request.policies, signal);
  const parents = described.filter((state): state is Parent => 'codec' in state);
  const trees = await readTrees(session, parents, signal);
  const tables = parents.map((parent) => ({ parent, partitions: trees.get(parent)?.partitions ?? [] }));
  const relations = await readDetachedRelations(session, request.detached, signal);
  const data = await readNewest(session, tables, request.now, signal);
  const assembled = tables.map(({ parent, partitions }, i) =>
    assemble(parent, partitions, data[i] ?? nothing, trees.get(parent), relations, request),
  );
  let next = 0;
  return described.map((state): TableState => {
    if (!('codec' in state)) return state;
    const table = assembled[next++];
    if (table === undefined) throw new TypeError('a described table was not assembled');
    return { kind: 'partitioned', table };
  });
}

type Described = Parent | Extract<TableState, { kind: 'obstacle' }>;

const nothing: DataFacts = { newest: { position: null, beyondHorizon: null }, defaultRows: null, missing: [] };

async function readParents(session: Session, policies: readonly TablePolicy[], signal: AbortSignal): Promise<readonly Described[]> {
  const parameters = [
    policies.map(({ table }) => table.schema),
    policies.map(({ table }) => table.name),
    policies.map(({ retention }) => retention?.schema ?? null),
  ];
  const rows = policies.length === 0 ? [] : await session.rows(parentsSql, parameters, decodeParent, signal);
  const similar = await readSimilar(session, policies, rows, signal);
  return policies.map((policy, i) => {
    const row = rows[i];
    if (row === undefined) throw new TypeError('read-parents left a table out');
    const state = describeParent(row, policy, similar.get(policy.table.name) ?? null);
    return 'codec' in state ? state : { kind: 'obstacle', name: policy.table, obstacle: state };
  });
}

async function readSimilar(
  session: Session,
  policies: readonly TablePolicy[],
  rows: readonly ParentRow[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const missing = policies.filter((_, i) => rows[i]?.oid === null).map(({ table }) => table.name);
  if (missing.length === 0) return new Map();
  const found = await session.rows(similarRelationsSql, [[...new Set(missing)]], decodeSimilarRelation, signal);
  return new Map(found.map(({ wanted, similar }) => [wanted, similar]));
}

/** What hangs below one parent. */
interface Tree extends Pick<PartitionsRow, 'subPartitioned' | 'foreignOwned' | 'foreignOwner' | 'superusersOwn'> {
  readonly partitions: readonly Partition[];
}

/** Rows are taken apart as they arrive, so that of 100,000 partitions no text is held and the event loop gets its turns in between. */
async function readTrees(session: Session, parents: readonly Parent[], signal: AbortSignal): Promise<ReadonlyMap<Parent, Tree>> {
  const trees = new Map<Parent, Tree>();
  if (parents.length === 0) return trees;
  const takeRow: RowDecoder<void> = (values, queryName) => {
    const row = decodePartitions(values, queryName);
    const { subPartitioned, foreignOwned, foreignOwner, superusersOwn } = row;
    const unpacked = unpackPartitions(row);
    for (const parent of parents.filter(({ oid }) => oid === row.parent)) {
      trees.set(parent, { partitions: shapePartitions(unpacked, parent.codec), subPartitioned, foreignOwned, foreignOwner, superusersOwn });
    }
  };
  await session.rows(partitionsSql, [[...new Set(parents.map(({ oid }) => oid))]], takeRow, signal);
  return await estimateSubtrees(session, trees, signal);
}

async function estimateSubtrees(
  session: Session,
  trees: ReadonlyMap<Parent, Tree>,
  signal: AbortSignal,
): Promise<ReadonlyMap<Parent, Tree>> {
  const roots = [...trees.values()].flatMap(({ subPartitioned }) => subPartitioned);
  if (roots.length === 0) return trees;
  const rows = await session.rows(subtreeEstimatesSql, [roots], decodeSubtreeEstimate, signal);
  const estimates = new Map(rows.map((row) => [row.root, row]));
  return new Map([...trees].map(([parent, tree]) => [parent, { ...tree, partitions: withSubtrees(tree.partitions, estimates) }]));
}

async function readDetachedRelations(
  session: Session,
  records: readonly DetachedRecord[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, DetachedRelationRow>> {
  if (records.length === 0) return new Map();
  const rows = await session.rows(detachedRelationsSql, [records.map(({ oid }) => oid)], decodeDetachedRelation, signal);
  return new Map(rows.map((row) => [row.oid, row]));
}

function assemble(
  parent: Parent,
  partitions: readonly Partition[],
  facts: DataFacts,
  tree: Tree | undefined,
  relations: ReadonlyMap<string, DetachedRelationRow>,
  request: ReadTablesRequest,
): PartitionedTable {
  const { oid, owner, policy, key, codec, row } = parent;
  return {
    oid,
    name: policy.table,
    owner,
    key,
    codec,
    partitions,
    detached: detachedTables(oid, partitions, request.detached, relations, codec),
    holds: holdsOf(policy.table, request.holds, codec),
    newest: facts.newest,
    defaultRows: facts.defaultRows,
    leftoverGuards: row.leftoverGuards,
    referencedBy: row.referencedBy,
    isDefaultPublished: row.isDefaultPublished === true,
    references: row.references,
    missingPrivileges: [...missingPrivileges(parent, tree), ...facts.missing],
  };
}
