import { readServerFacts } from '../catalog/read-server-facts.ts';
import type { Pause } from '../journal/pause.ts';
import { readJournal } from '../journal/read-journal.ts';
import type { ServerFacts } from '../partition/partition.ts';
import type { TablePolicy } from '../partition/policy.ts';
import { type PlannedTable, planTables } from './plan-tables.ts';
import type { Run } from './run.ts';
import { readMarksFor } from './upkeep-reading.ts';

export interface PlannedAgain {
  readonly facts: ServerFacts;
  readonly pause: Pause | null;
  /** Aligned with the policies. */
  readonly planned: readonly PlannedTable[];
}

/** Server, journal and tables as they are by now. Throws what ends the run, and the signal's reason. */
export async function planAgain(run: Run, policies: readonly TablePolicy[]): Promise<PlannedAgain> {
  const { session, database, request, context, signal } = run;
  const facts = await readServerFacts(session, context.clock, signal);
  const journal = await readJournal(session, database.journalSchema, signal);
  const marks = await readMarksFor(run, journal);
  return { facts, pause: journal.pause, planned: await planTables(policies, { session, journal, marks, facts, request, context, signal }) };
}
