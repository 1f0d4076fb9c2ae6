import type { Evidence, PartitionedTable } from '../partition/partition.ts';
import type { Range } from '../partition/position.ts';
import type { QualifiedName } from '../partition/qualified-name.ts';
import type { Session } from '../postgres/session.ts';
import { readOccupiedRanges } from './read-occupied-ranges.ts';
import { readReferences } from './read-references.ts';
import { readTemplates } from './read-templates.ts';
import { decodeTakenName, takenNamesSql } from './taken-names.sql.ts';

/** A table and what a first plan had to ask about it (plan/plan.ts, Questions; declared here because this room does not know plans). */
export interface EvidenceRequest {
  readonly table: PartitionedTable;
  readonly questions: {
    readonly defaultRanges: readonly Range[];
    /** Oids of partitions. */
    readonly referencedOids: readonly string[];
    readonly names: readonly QualifiedName[];
    readonly needsTemplate: boolean;
  };
}

/**
 * Answers aligned with `requests`. Names and templates of all tables are read together; ranges and references are asked table by table, for
 * they look at rows. `takenNames` holds bare names: a name that is taken in the schema it was asked for.
 */
export async function readEvidence(
  session: Session,
  requests: readonly EvidenceRequest[],
  signal: AbortSignal,
): Promise<readonly Evidence[]> {
  const taken = await readTakenNames(session, requests, signal);
  const templates = await readTemplates(
    session,
    requests.filter(({ questions }) => questions.needsTemplate).map(({ table }) => table),
    signal,
  );
  const evidence: Evidence[] = [];
  for (const [index, { table, questions }] of requests.entries()) {
    evidence.push({
      occupiedInDefault: await readOccupiedRanges(session, table, questions.defaultRanges, signal),
      referenced: await readReferences(session, table, questions.referencedOids, signal),
      takenNames: taken[index] ?? new Set(),
      template: questions.needsTemplate ? (templates.get(table.oid) ?? null) : null,
    });
  }
  return evidence;
}

async function readTakenNames(
  session: Session,
  requests: readonly EvidenceRequest[],
  signal: AbortSignal,
): Promise<readonly ReadonlySet<string>[]> {
  const taken = requests.map(() => new Set<string>());
  const asked = requests.flatMap(({ table, questions }, index) => questions.names.map((name) => ({ index, name, parent: table.oid })));
  if (asked.length === 0) return taken;
  const parameters = [asked.map(({ name }) => name.schema), asked.map(({ name }) => name.name), asked.map(({ parent }) => parent)];
  for (const { ordinal } of await session.rows(takenNamesSql, parameters, decodeTakenName, signal)) {
    const found = asked[ordinal - 1];
    if (found !== undefined) taken[found.index]?.add(found.name.name);
  }
  return taken;
}
