import { spellIndex } from '../partition/index-definition.ts';
import type { PartitionedTable } from '../partition/partition.ts';
import type { TablePolicy } from '../partition/policy.ts';
import type { IndexFacts, RelationFacts, UpkeepFacts, UpkeepMarks } from '../partition/upkeep.ts';
import type { Session } from '../postgres/session.ts';
import { type BloatedIndexRow, bloatedIndexesSql, decodeBloatedIndex } from './bloated-indexes.sql.ts';
import { indexKeys } from './index-keys.ts';
import { decodeUpkeepIndex, type UpkeepIndexRow, upkeepIndexesSql } from './upkeep-indexes.sql.ts';
import { decodeUpkeepRelation, type UpkeepRelationRow, upkeepRelationsSql } from './upkeep-relations.sql.ts';
import { decodeUpkeepTable, type UpkeepTableRow, upkeepTablesSql } from './upkeep-tables.sql.ts';

/** A table of the run, as it was read. */
export interface TableInUpkeep {
  readonly policy: TablePolicy;
  readonly table: PartitionedTable;
}

/**
 * Facts aligned with `tables`, in two to four queries whatever their number, and with few rows where nothing is due: the server leaves out leaves
 * that no threshold of their table's policy can be about. Wider than plan/ decides, never narrower; a closed partition, for one, is any that has rows
 * and is not marked as frozen. Where the policy's indexes may have to be made, attached, finished or dropped, everything below the table is read.
 * What of it is hidden by a lock makes the facts incomplete (`isWhole` false) for this time; such an index has no keys. Takes no lock on any relation but the tables of
 * indexes with an expression or a condition, while nobody else wants those for himself.
 * Throws as the session does.
 */
export async function readUpkeep(
  session: Session,
  tables: readonly TableInUpkeep[],
  marks: UpkeepMarks,
  signal: AbortSignal,
): Promise<readonly UpkeepFacts[]> {
  if (tables.length === 0) return [];
  const heads = await session.rows(upkeepTablesSql, headParameters(tables), decodeUpkeepTable, signal);
  const looks = tables.map(({ policy, table }, i): Look => {
    const head = heads[i];
    if (head === undefined) throw new TypeError('read-upkeep-tables left a table out');
    return { policy, oid: table.oid, head, isWhole: mustBeWhole(policy, table.oid, head, marks) };
  });
  const indexes = await readIndexes(session, looks, signal);
  const parameters = [...relationParameters(looks, marks), indexes.map(({ relationOid }) => relationOid)];
  const relations = groupByTable(await session.rows(upkeepRelationsSql, parameters, decodeUpkeepRelation, signal));
  const indexesOf = groupByTable(indexes);
  return looks.map((look, i) => assemble(look, relations.get(i + 1) ?? [], indexesOf.get(i + 1) ?? [], marks));
}

/** A table on the way. */
interface Look {
  readonly policy: TablePolicy;
  readonly oid: string;
  readonly head: UpkeepTableRow;
  readonly isWhole: boolean;
}

function headParameters(tables: readonly TableInUpkeep[]): readonly unknown[] {
  const wanted = tables.flatMap(({ policy }, i) =>
    policy.indexes.filter(({ partitions }) => partitions.kind === 'all').map(({ name }) => ({ ordinal: i + 1, name })),
  );
  return [
    tables.map(({ table }) => table.oid),
    wanted.map(({ ordinal }) => ordinal),
    wanted.map(({ name }) => name),
    smallestLookedAt(tables),
  ];
}

/** Whether the indexes of the policy may have anything to do. A change of the definition shows at the index of the table itself. */
function mustBeWhole(policy: TablePolicy, tableOid: string, head: UpkeepTableRow, marks: UpkeepMarks): boolean {
  const valid = new Set(head.validIndexes);
  if (policy.indexes.some(({ name, partitions }) => partitions.kind !== 'all' || !valid.has(name))) return true;
  const asked = new Map(policy.indexes.map((index) => [index.name, spellIndex(index)]));
  return marks.indexes.some((mark) => {
    if (mark.tableOid !== tableOid) return false;
    if (mark.state !== 'built') return true;
    return policy.dropRemovedIndexes && mark.policyName !== null && asked.get(mark.policyName) !== mark.definition;
  });
}

/** Autovacuum is overdue beyond the greatest age; a little earlier, so that the age may grow until the plan is made. */
const overdueRatio = 0.95;

function relationParameters(looks: readonly Look[], { frozen }: UpkeepMarks): readonly unknown[] {
  const frozenMarks = looks.some(freezesClosed) ? [...frozen.values()] : [];
  return [
    looks.map(({ oid }) => oid),
    looks.map(({ isWhole }) => isWhole),
    looks.map(({ policy }) => policy.maintenance?.vacuumDeadRows ?? null),
    looks.map(({ policy }) => policy.maintenance?.vacuumDeadRatio ?? null),
    looks.map(({ policy }) => policy.maintenance?.analyzeChangedRows ?? null),
    looks.map(({ policy }) => policy.maintenance?.analyzeChangedRatio ?? null),
    looks.map(({ policy, head }) => ageOfInterest(policy, head.freezeMaxAge, head.databaseXidAge)),
    looks.map(({ policy, head }) => ageOfInterest(policy, head.multixactFreezeMaxAge, head.databaseMxidAge)),
    looks.map(({ policy }) => policy.maintenance !== null),
    looks.map(freezesClosed),
    frozenMarks.map(({ oid }) => oid),
    frozenMarks.map(({ filenode }) => filenode),
    frozenMarks.map(({ changes }) => changes),
  ];
}

function freezesClosed({ policy }: Look): boolean {
  return policy.maintenance?.freezeClosed === true;
}

/** Null where not even the oldest relation of the database is as old. */
function ageOfInterest({ maintenance }: TablePolicy, maxAge: number, databaseAge: number): number | null {
  const age = Math.floor(Math.min(maintenance?.freezeAgeRatio ?? 1, overdueRatio) * maxAge);
  return databaseAge < age ? null : age;
}

/** Where no index is asked for, invalid, large or half made, the catalog is not asked about any. */
async function readIndexes(session: Session, looks: readonly Look[], signal: AbortSignal): Promise<readonly UpkeepIndexRow[]> {
  const bloated = looks.some(({ head }) => head.hasLargeIndexes) ? await readBloated(session, looks, signal) : [];
  const isNeeded = ({ policy, head, isWhole }: Look): boolean => isWhole || head.hasInvalidIndexes || policy.indexes.length > 0;
  if (bloated.length === 0 && !looks.some(isNeeded)) return [];
  const parameters = [
    looks.map(({ oid }) => oid),
    looks.map(({ isWhole }) => isWhole),
    bloated.map(({ oid }) => oid),
    bloated.map(({ wastedBytes }) => wastedBytes),
  ];
  return await session.rows(upkeepIndexesSql, parameters, decodeUpkeepIndex, signal);
}

async function readBloated(session: Session, looks: readonly Look[], signal: AbortSignal): Promise<readonly BloatedIndexRow[]> {
  const parameters = [
    looks.map(({ oid }) => oid),
    looks.map(({ policy }) => policy.maintenance?.reindexMinBytes ?? null),
    looks.map(({ policy }) => policy.maintenance?.reindexBloat ?? null),
    smallestLookedAt(looks),
  ];
  return await session.rows(bloatedIndexesSql, parameters, decodeBloatedIndex, signal);
}

/** Bytes from which some table looks at an index for bloat; null: none does. */
function smallestLookedAt(tables: readonly { readonly policy: TablePolicy }[]): number | null {
  const sizes = tables.flatMap(({ policy: { maintenance } }) =>
    maintenance === null || maintenance.reindexBloat === null ? [] : [maintenance.reindexMinBytes],
  );
  return sizes.length === 0 ? null : Math.min(...sizes);
}

function groupByTable<Row extends { readonly ordinal: number }>(rows: readonly Row[]): ReadonlyMap<number, readonly Row[]> {
  const groups = new Map<number, Row[]>();
  for (const row of rows) {
    const group = groups.get(row.ordinal);
    if (group === undefined) groups.set(row.ordinal, [row]);
    else group.push(row);
  }
  return groups;
}

function assemble(
  { oid, head, isWhole }: Look,
  relations: readonly UpkeepRelationRow[],
  indexes: readonly UpkeepIndexRow[],
  marks: UpkeepMarks,
): UpkeepFacts {
  return {
    parentAnalyzedAt: head.analyzedAt,
    mayMaintain: head.mayMaintain,
    mayCreateIndexes: head.mayCreateIndexes,
    freezeMaxAge: head.freezeMaxAge,
    multixactFreezeMaxAge: head.multixactFreezeMaxAge,
    relations: relations.map(relationFacts).toSorted(byName),
    isWhole: isWhole && !indexes.some(({ isUnread }) => isUnread),
    indexes: indexes.map(indexFacts).toSorted(byName),
    takenIndexNames: new Set(head.takenNames),
    marks: { frozen: marks.frozen, indexes: marks.indexes.filter(({ tableOid }) => tableOid === oid) },
  };
}

function relationFacts({ schema, name, ...row }: UpkeepRelationRow): RelationFacts {
  const { ordinal: _ordinal, ...facts } = row;
  return { ...facts, name: { schema, name } };
}

/** Half a definition would be taken for another one. */
function indexFacts({ schema, name, definition, keys, ...row }: UpkeepIndexRow): IndexFacts {
  const { ordinal: _ordinal, isUnread, ...facts } = row;
  return { ...facts, name: { schema, name }, keys: isUnread ? [] : definition === null ? keys : indexKeys(definition) };
}

function byName(a: RelationFacts | IndexFacts, b: RelationFacts | IndexFacts): number {
  return order(a.name.schema, b.name.schema) || order(a.name.name, b.name.name);
}

function order(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
