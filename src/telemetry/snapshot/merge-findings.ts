import type { TableState } from '../../partition/partition.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import type { Finding, FindingKind } from '../../plan/finding.ts';

/** The findings of one table by who can see them. */
export interface KnownFindings {
  /** Every plan's, as the last one had them. */
  readonly ordinary: readonly Finding[];
  /** Those that only plans of upkeep have, which read more, as the last one of them had them. */
  readonly upkeep: readonly Finding[];
}

export const noFindings: KnownFindings = { ordinary: [], upkeep: [] };

/** Only plans of upkeep have findings of these kinds. */
const upkeepKinds: ReadonlySet<FindingKind> = new Set<FindingKind>(['invalid-index', 'bloated-index', 'never-analysed', 'near-wraparound']);
/** Either may have these. */
const sharedKinds: ReadonlySet<FindingKind> = new Set<FindingKind>([
  'name-taken',
  'foreign-partition',
  'unsupported-key',
  'missing-privilege',
]);

/**
 * What is known of a table after another plan, made from `state`: what a plan cannot see is not gone. A finding of a kind that either may have
 * is taken for upkeep's where the last ordinary plan did not have it. Pure.
 */
export function mergeFindings(known: KnownFindings, state: TableState, fresh: readonly Finding[]): KnownFindings {
  if (state.kind !== 'partitioned') return { ordinary: fresh, upkeep: [] };
  if (state.table.upkeep === undefined) return { ...known, ordinary: fresh };
  const ordinary = new Set(known.ordinary.map(identity));
  const isUpkeeps = (finding: Finding): boolean =>
    upkeepKinds.has(finding.kind) || (sharedKinds.has(finding.kind) && !ordinary.has(identity(finding)));
  return { ordinary: fresh.filter((finding) => !isUpkeeps(finding)), upkeep: fresh.filter(isUpkeeps) };
}

/** All of them, each once. */
export function allFindings({ ordinary, upkeep }: KnownFindings): readonly Finding[] {
  const told = new Set(ordinary.map(identity));
  return [...ordinary, ...upkeep.filter((finding) => !told.has(identity(finding)))];
}

/** Of a partition not the message, whose numbers change from plan to plan; of the table itself each message, as a role may lack several privileges. */
function identity({ kind, partition, message }: Finding): string {
  return partition === null ? `${kind}\0\0${message}` : `${kind}\0${formatQualifiedName(partition)}`;
}
