import { keyCast, keySource } from '../../catalog/key-source.ts';
import { readOccupiedRanges } from '../../catalog/read-occupied-ranges.ts';
import { readTables } from '../../catalog/read-tables.ts';
import { dataHorizon } from '../../partition/grid.ts';
import type { Partition, PartitionedTable } from '../../partition/partition.ts';
import type { TablePolicy } from '../../partition/policy.ts';
import { type EpochMicros, isPosition, type Position } from '../../partition/position.ts';
import { refuse } from '../../plan/migration/migration-case.ts';
import type { Refusal } from '../../plan/migration/migration-plan.ts';
import { drainCells } from '../../plan/migration/regrain/drain-cells.ts';
import { type DrainRequest, drainable, planDrain } from '../../plan/migration/regrain/plan-drain.ts';
import { positionsOf } from '../../plan/subject.ts';
import { namedSql } from '../../postgres/named-sql.ts';
import { nullable, row, text } from '../../postgres/row-decoder.ts';
import type { Session } from '../../postgres/session.ts';
import type { MigrationTable, PlannedMigration } from '../run/begin-migration.ts';
import { plannedExchange, readExchangeCase } from './read-regrain-plan.ts';

/**
 * Plans how the default partition, as it is now, is emptied; nothing is written. Reads all of it, where its key has no index. Throws
 * `MigrationError` (PD601) where the table is not partitioned.
 */
export async function readDrainPlan(
  session: Session,
  policy: MigrationTable,
  now: EpochMicros,
  signal: AbortSignal,
): Promise<PlannedMigration> {
  const found = await readExchangeCase(
    session,
    policy,
    now,
    (table) => table.partitions.filter(({ bound }) => bound.kind === 'default').map(({ name }) => name),
    signal,
  );
  const { table } = found.subject;
  const fallback = drainable(table);
  const request = 'message' in fallback ? fallback : await readRequest(session, policy, table, fallback, now, signal);
  return plannedExchange(found, planDrain(found.subject, request));
}

/** The same where the default partition holds more rows than a step moves; else null, after a look that costs little. */
export async function readNeededDrain(
  session: Session,
  policy: MigrationTable,
  now: EpochMicros,
  signal: AbortSignal,
): Promise<PlannedMigration | null> {
  const [state] = await readTables(session, { policies: [policy], now, detached: [], holds: [] }, signal);
  if (state?.kind !== 'partitioned' || state.table.defaultRows?.isExact !== false) return null;
  return await readDrainPlan(session, policy, now, signal);
}

async function readRequest(
  session: Session,
  policy: TablePolicy,
  table: PartitionedTable,
  fallback: Partition,
  now: EpochMicros,
  signal: AbortSignal,
): Promise<DrainRequest | Refusal> {
  const positions = positionsOf(policy, table, now);
  if ('problem' in positions) return refuse('interval', `${positions.problem}.`);
  const { grid, lineup, clock } = positions;
  // Keys without a clock are believed as far as they are in partitions.
  const end = lineup.ranges.at(-1)?.bound.to;
  const reached = table.codec.axis === 'integer' && end !== undefined && isPosition(end) && end > clock ? end - 1n : clock;
  const horizon = dataHorizon(grid, reached, policy.premake);
  const extent = await readExtent(session, table, fallback, horizon, signal);
  const cells =
    extent === null
      ? []
      : drainCells(
          grid,
          lineup.ranges.map(({ bound }) => bound),
          extent.bottom,
          extent.top,
        );
  return { fallback, occupied: await readOccupiedRanges(session, table, cells, signal), horizon };
}

/** Smallest and greatest key up to the horizon; null when there are none. */
async function readExtent(
  session: Session,
  { key, codec }: PartitionedTable,
  fallback: Partition,
  horizon: Position,
  signal: AbortSignal,
): Promise<{ readonly bottom: Position; readonly top: Position } | null> {
  const source = keySource(fallback, key);
  // uuid has no min and max; its text sorts like itself.
  const value = key.type === 'uuid' ? `${source.keyText} COLLATE pg_catalog."C"` : source.key;
  const sql = /* sql */ `
    SELECT pg_catalog.min(${value})::pg_catalog.text AS "bottom", pg_catalog.max(${value})::pg_catalog.text AS "top"
    FROM ${source.relation}
    WHERE ${source.key} <= $1::${keyCast(key)} AND ${source.key} >= $2::${keyCast(key)}`;
  const query = { ...namedSql('read-default-extent', sql), timeoutMs: 0 };
  const [found] = await session.rows(query, [codec.format(horizon), codec.format(codec.min)], decodeExtent, signal);
  if (found === undefined || found.bottom === null || found.top === null) return null;
  const [bottom, top] = [codec.parse(found.bottom), codec.parse(found.top)];
  return isPosition(bottom) && isPosition(top) ? { bottom, top } : null;
}

const decodeExtent = row<{ readonly bottom: string | null; readonly top: string | null }>({ bottom: nullable(text), top: nullable(text) });
