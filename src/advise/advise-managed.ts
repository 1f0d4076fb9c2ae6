import { decodeIndexCounts, type IndexCountsRow, indexCountsSql } from '../catalog/index-counts.sql.ts';
import { decodeLockSettings, type LockSettingsRow, lockSettingsSql } from '../catalog/lock-settings.sql.ts';
import { readPartitionSizes } from '../catalog/read-partition-sizes.ts';
import { readServerFacts } from '../catalog/read-server-facts.ts';
import { readTables } from '../catalog/read-tables.ts';
import { ConnectionError, InvariantError } from '../errors.ts';
import { type JournalContents, readJournal } from '../journal/read-journal.ts';
import type { PartitionedTable } from '../partition/partition.ts';
import type { DatabasePolicy, TablePolicy } from '../partition/policy.ts';
import type { EpochMicros } from '../partition/position.ts';
import { formatQualifiedName } from '../partition/qualified-name.ts';
import { adviseTable, type MeasuredSize } from '../plan/advice/advise-table.ts';
import type { LockedRelations } from '../plan/advice/lock-advice.ts';
import type { TableAdvice } from '../plan/advice/table-advice.ts';
import type { Session } from '../postgres/session.ts';
import type { AdviceRequest, ManagedAdvice } from './database-advice.ts';

/** What all tables are read with. */
interface Reading {
  readonly session: Session;
  readonly now: EpochMicros;
  readonly journal: JournalContents;
  readonly lockSettings: LockSettingsRow;
  readonly signal: AbortSignal;
}

/**
 * Of the policy's tables those that `request` asks for, in the order of the policy. Sizes are measured where no lock is in the way, elsewhere those of
 * the last VACUUM or ANALYZE count; nothing is waited for. Each table is read on its own, so that what is wrong with one stands in its `error` and
 * the others are answered. Throws `ConnectionError`, and what keeps the journal or the settings from being read.
 */
export async function adviseManaged(
  session: Session,
  database: DatabasePolicy,
  request: AdviceRequest,
  signal: AbortSignal,
): Promise<readonly ManagedAdvice[]> {
  const wanted = request.tables === null ? null : new Set(request.tables.map(formatQualifiedName));
  const policies = database.tables.filter(({ table }) => wanted === null || wanted.has(formatQualifiedName(table)));
  if (policies.length === 0) return [];
  const { now } = await readServerFacts(session, request.clock, signal);
  const journal = await readJournal(session, database.journalSchema, signal);
  const [lockSettings] = await session.rows(lockSettingsSql, [], decodeLockSettings, signal);
  if (lockSettings === undefined) throw new InvariantError('PD903', 'read-lock-settings returned no row');
  const reading: Reading = { session, now, journal, lockSettings, signal };
  const advice: ManagedAdvice[] = [];
  for (const policy of policies) advice.push(await adviseOrSay(policy, reading));
  return advice;
}

async function adviseOrSay(policy: TablePolicy, reading: Reading): Promise<ManagedAdvice> {
  const { table } = policy;
  try {
    const found = await adviseOne(policy, reading);
    return typeof found === 'string' ? { table, advice: null, error: found } : { table, advice: found, error: null };
  } catch (error) {
    reading.signal.throwIfAborted();
    if (error instanceof ConnectionError || !(error instanceof Error)) throw error;
    return { table, advice: null, error: error.message };
  }
}

/** A sentence where the table is not as the policy needs it. */
async function adviseOne(policy: TablePolicy, reading: Reading): Promise<TableAdvice | string> {
  const { session, now, journal, lockSettings, signal } = reading;
  const [state] = await readTables(session, { policies: [policy], now, detached: journal.detached, holds: journal.holds }, signal);
  if (state === undefined) throw new InvariantError('PD901', 'readTables left a table out');
  if (state.kind === 'obstacle') return state.obstacle.message;
  const { table } = state;
  const sizes = await readSizes(table, session, signal);
  const relations = await readRelations(table, session, signal);
  if (relations === null) return `Table ${formatQualifiedName(table.name)} was dropped while it was looked at; run advise again.`;
  const advice = adviseTable({ policy, table, now, sizes, relations, lockSettings });
  return 'problem' in advice ? advice.problem : advice;
}

async function readSizes(
  { partitions }: PartitionedTable,
  session: Session,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, MeasuredSize>> {
  const measured = await readPartitionSizes(
    session,
    partitions.map(({ oid }) => oid),
    signal,
  );
  return new Map(
    [...measured].map(([oid, { heapBytes, indexBytes, toastBytes }]): [string, MeasuredSize] => [
      oid,
      { heap: heapBytes, total: heapBytes + indexBytes + toastBytes },
    ]),
  );
}

async function readRelations({ oid }: PartitionedTable, session: Session, signal: AbortSignal): Promise<LockedRelations | null> {
  const [counts]: readonly IndexCountsRow[] = await session.rows(indexCountsSql, [[oid]], decodeIndexCounts, signal);
  return counts ?? null;
}
