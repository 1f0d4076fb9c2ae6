import { formatQualifiedName } from '../../partition/qualified-name.ts';
import type { Analyze } from '../../plan/step.ts';
import { locksOn } from '../foreign-key-locks.ts';
import { longCommand, renderedStep } from '../rendered-step.ts';
import type { RenderedStep } from '../statement.ts';

/**
 * Of the partitioned table: its own statistics, sampled from all partitions. Before 18 the same command analyses every partition once
 * more, for there is no ONLY. Source: postgresql.org/docs/18/sql-analyze.html.
 */
export function renderAnalyze(step: Analyze, serverVersion: number): RenderedStep {
  const only = step.isParent && serverVersion >= 180000 ? 'ONLY ' : '';
  return renderedStep([
    longCommand({
      sql: `ANALYZE (SKIP_LOCKED) ${only}${formatQualifiedName(step.partition)}`,
      locks: locksOn([step.partition], ['ShareUpdateExclusiveLock']),
      reason: step.reason,
    }),
  ]);
}
