import { formatInstant } from '../../partition/calendar.ts';
import type { MaintenancePolicy } from '../../partition/policy.ts';
import type { UpkeepFacts } from '../../partition/upkeep.ts';
import type { Analyze } from '../step.ts';
import type { Subject } from '../subject.ts';
import { countOf } from '../wording.ts';

/**
 * ANALYZE of the partitioned table itself; null while the last one is younger than `parentAnalyzeEveryMs`, and as long as no partition is known to
 * hold rows. Autovacuum never does it. Source: postgresql.org/docs/18/routine-vacuuming.html#VACUUM-FOR-STATISTICS.
 */
export function planParentAnalyze({ table, context }: Subject, policy: MaintenancePolicy, facts: UpkeepFacts): Analyze | null {
  const { parentAnalyzeEveryMs: every, limits } = policy;
  const { parentAnalyzedAt: last } = facts;
  const isDue = every !== null && (last === null || last <= context.now - BigInt(every) * 1000n);
  const hasRows = table.partitions.some(({ estimatedRows }) => estimatedRows > 0) || facts.relations.some(({ liveRows }) => liveRows > 0);
  if (!isDue || !hasRows || !facts.mayMaintain) return null;
  const since =
    last === null ? 'it was never analysed' : `it was last analysed at ${formatInstant(last)}, ${minutesAgo(context.now - last)}`;
  return {
    kind: 'analyze',
    isParent: true,
    table: table.name,
    tableOid: table.oid,
    partition: table.name,
    partitionOid: table.oid,
    range: null,
    limits,
    reason: `${since}, and autovacuum never does that`,
    task: 'maintenance',
  };
}

function minutesAgo(micros: bigint): string {
  return `${countOf(Number(micros / 60_000_000n), 'minute')} ago`;
}
