import { readServerFacts } from '../../catalog/read-server-facts.ts';
import { renderCountBeyond } from '../../ddl/migration/attach/beyond.ts';
import { renderDropSide } from '../../ddl/migration/switch/removal.ts';
import { InvariantError, MigrationError } from '../../errors.ts';
import type { KeyColumn } from '../../partition/key.ts';
import { isRangePartition, type Partition, type PartitionedTable, type RangePartition } from '../../partition/partition.ts';
import { isPosition, MINVALUE, type Position } from '../../partition/position.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import { firstNewBound, type KeyLineup, keyLineup } from '../../plan/migration/extent/key-lineup.ts';
import type { PlanContext } from '../../plan/plan-context.ts';
import { namedSql } from '../../postgres/named-sql.ts';
import { number, row } from '../../postgres/row-decoder.ts';
import type { Engine } from '../engine.ts';
import { readKeyRange } from '../prepare/provision/key-range.ts';
import { targetPolicy } from '../prepare/provision/target-policy.ts';
import { makePlanned, planContext, readTarget } from '../prepare/provision-target.ts';
import { brief } from '../transactions.ts';
import { readUntilCheck } from './read-until-check.ts';
import { refuseBeyond } from './refuse-beyond.ts';

/** Where the old table ends as a partition, and the first new one begins. */
export interface Until {
  readonly key: KeyColumn;
  /** As SQL has it. */
  readonly literal: string;
  /** As people read it. */
  readonly shown: string;
}

/**
 * The partitions of the new table, from the bound on. The bound is where the first of them begins: it is chosen once, two intervals after the newest
 * row or now, and stays while the CHECK on the source names it. Without that, and when time has gone on, empty partitions before the new bound go.
 */
export async function keepPartitions(engine: Engine, signal: AbortSignal): Promise<Until> {
  const context = await planContext(engine, signal);
  const table = await readTarget(engine, context, signal);
  const begun = firstOf(table)?.bound.from ?? null;
  const isFixed = (await readUntilCheck(engine, signal)) !== 'absent';
  const lineup = await readLineup(engine, context, signal);
  const wanted = firstNewBound(lineup);
  const until = begun !== null && isPosition(begun) && (isFixed || begun >= wanted) ? begun : wanted;
  if (isFixed && begun === null) throw lost(engine);
  await dropBefore(engine, table, until, signal);
  await makeFrom(engine, context, until, lineup.anchor, signal);
  return untilOf(table, until);
}

/** The bound that is in force. Throws `MigrationError` PD651 when the new table has no partition to tell it. */
export async function readUntil(engine: Engine, signal: AbortSignal): Promise<Until> {
  const table = await readTarget(engine, await planContext(engine, signal), signal);
  const begun = firstOf(table)?.bound.from ?? null;
  if (begun === null || !isPosition(begun)) throw lost(engine);
  return untilOf(table, begun);
}

/** True when less than an interval is left before rows of the present would be refused: the switch was not made in time. */
export async function isUntilNear(engine: Engine, signal: AbortSignal): Promise<boolean> {
  const { now } = await readServerFacts(engine.session, engine.surroundings.clock, signal);
  const table = await readTarget(engine, await planContext(engine, signal), signal);
  const begun = firstOf(table)?.bound.from ?? null;
  const lineup = lineupOf(engine, { minKey: null, maxKey: null }, now);
  if (begun === null || lineup.codec.axis !== 'time') return false;
  return begun <= lineup.grid.next(lineup.anchor);
}

function firstOf({ partitions }: PartitionedTable): RangePartition | undefined {
  return partitions.find(isRangePartition);
}

function untilOf({ key, codec }: PartitionedTable, until: Position): Until {
  return { key, literal: codec.format(until), shown: codec.display(until) };
}

async function readLineup(engine: Engine, { now }: PlanContext, signal: AbortSignal): Promise<KeyLineup> {
  const { min, max } = await readKeyRange(engine.session, engine.spec, signal);
  const lineup = lineupOf(engine, { minKey: min, maxKey: max }, now);
  const far = [...lineup.endless, ...(lineup.outlier === null ? [] : [lineup.outlier])].filter((key) => key !== '-infinity');
  if (far.length === 0) return lineup;
  return await refuseBeyond(engine, `${formatQualifiedName(engine.spec.table)} holds rows too far ahead (${far.join(', ')})`, signal);
}

function lineupOf({ policy, spec }: Engine, circumstances: { minKey: string | null; maxKey: string | null }, now: bigint): KeyLineup {
  const lineup = keyLineup({ policy, definition: spec.definition, circumstances, partitionKey: spec.partitionKey.name }, now);
  if (lineup !== null && !('problem' in lineup)) return lineup;
  const why = lineup === null ? 'it has no such column' : lineup.problem;
  throw new MigrationError('PD623', `The target of the migration cannot be given partitions: ${why}`);
}

/** Of a bound that was chosen before; nothing was ever written to them but by the engine, and that was moved back. */
async function dropBefore(engine: Engine, table: PartitionedTable, until: Position, signal: AbortSignal): Promise<void> {
  const early = table.partitions.filter((one) => isRangePartition(one) && one.bound.from < until);
  if (early.length === 0) return;
  const names = early.map(({ name }) => name);
  const count = namedSql('count-rows-beyond', renderCountBeyond(names, 1));
  const [found] = await engine.session.rows(count, [], row<{ rows: number }>({ rows: number }), signal);
  const doing = `drop the partitions of ${formatQualifiedName(engine.spec.targetName)} before its new bound`;
  if (found === undefined || found.rows > 0) throw new InvariantError('PD920', `Could not ${doing}: they hold rows`);
  const wanted = names.map((name) => ({ relation: formatQualifiedName(name), mode: 'AccessExclusiveLock' as const }));
  await brief(engine, doing, names.map(renderDropSide), wanted, signal);
}

/** The target is planned for as it will be after the switch, when its first partition is the old table. */
async function makeFrom(engine: Engine, context: PlanContext, until: Position, newest: Position, signal: AbortSignal): Promise<void> {
  const { spec, record } = engine;
  const present = await readTarget(engine, context, signal);
  const first: Partition = {
    oid: record.sourceOid,
    name: spec.oldName,
    kind: 'table',
    bound: { kind: 'range', from: MINVALUE, to: until },
    boundText: null,
    isDetachPending: false,
    estimatedRows: -1,
    estimatedBytes: 0,
  };
  const policy = targetPolicy(engine, null, false);
  const table = {
    ...present,
    name: spec.table,
    partitions: [first, ...present.partitions],
    newest: { position: newest, beyondHorizon: null },
  };
  // One at least, or nothing would tell the bound.
  const planning = { spec, policy: { ...policy, premake: Math.max(1, policy.premake) }, table, context, needed: [] };
  await makePlanned(engine, planning, signal);
}

function lost({ spec }: Engine): MigrationError {
  const table = formatQualifiedName(spec.table);
  const what = `The partitions that the migration of ${table} had made are gone, and with them the bound of its first one`;
  return new MigrationError('PD651', `${what}. Run \`partitiond migrate abort --table ${table}\` and begin again.`);
}
