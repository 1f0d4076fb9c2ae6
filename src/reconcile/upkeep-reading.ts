import { readUpkeep } from '../catalog/read-upkeep.ts';
import type { JournalContents } from '../journal/read-journal.ts';
import { noUpkeepMarks, readUpkeepMarks, upkeepMarksSince } from '../journal/upkeep-marks.ts';
import type { PartitionedTable, TableState } from '../partition/partition.ts';
import type { TablePolicy } from '../partition/policy.ts';
import type { UpkeepMarks } from '../partition/upkeep.ts';
import type { Session } from '../postgres/session.ts';
import type { Run } from './run.ts';

/** What the journal remembers of upkeep; null, and nothing is read, for a run that is not about it. */
export async function readMarksFor(
  { request, session, database, signal }: Pick<Run, 'request' | 'session' | 'database' | 'signal'>,
  { version }: Pick<JournalContents, 'version'>,
): Promise<UpkeepMarks | null> {
  if (!request.tasks.some((task) => task === 'maintenance' || task === 'index')) return null;
  if (version === null || version < upkeepMarksSince) return noUpkeepMarks;
  return await readUpkeepMarks(session, database.journalSchema, signal);
}

/** The `states` of `policies`, with which they are aligned, each partitioned table with its facts; as they are when `marks` is null. */
export async function withUpkeep(
  states: readonly TableState[],
  policies: readonly TablePolicy[],
  marks: UpkeepMarks | null,
  session: Session,
  signal: AbortSignal,
): Promise<readonly TableState[]> {
  if (marks === null) return states;
  const tables: { readonly policy: TablePolicy; readonly table: PartitionedTable }[] = [];
  for (const [index, policy] of policies.entries()) {
    const state = states[index];
    if (state?.kind === 'partitioned') tables.push({ policy, table: state.table });
  }
  if (tables.length === 0) return states;
  const facts = await readUpkeep(session, tables, marks, signal);
  const factsOf = new Map(tables.map(({ table }, index) => [table, facts[index]]));
  return states.map((state) => {
    const upkeep = state.kind === 'partitioned' ? factsOf.get(state.table) : undefined;
    return state.kind === 'partitioned' && upkeep !== undefined ? { ...state, table: { ...state.table, upkeep } } : state;
  });
}
