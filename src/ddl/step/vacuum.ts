import { formatQualifiedName } from '../../partition/qualified-name.ts';
import type { Vacuum } from '../../plan/step.ts';
import { locksOn } from '../foreign-key-locks.ts';
import { longCommand, renderedStep } from '../rendered-step.ts';
import type { RenderedStep } from '../statement.ts';

/**
 * SKIP_LOCKED: whoever is at the table already (autovacuum, somebody's DDL) is left alone. TRUNCATE FALSE: giving the empty end of the file
 * back would take ACCESS EXCLUSIVE. PARALLEL 0: how much works at the same time is the policy's `concurrency`. SKIP_DATABASE_STATS (16):
 * otherwise each VACUUM reads all of pg_class for the database's own freeze age, which only a freeze moves.
 * Source: postgresql.org/docs/18/sql-vacuum.html.
 */
export function renderVacuum(step: Vacuum, serverVersion: number): RenderedStep {
  const options = [
    ...(step.freeze ? ['FREEZE'] : []),
    ...(step.analyze ? ['ANALYZE'] : []),
    'SKIP_LOCKED',
    'TRUNCATE FALSE',
    'PARALLEL 0',
    ...(serverVersion >= 160000 && !step.freeze ? ['SKIP_DATABASE_STATS'] : []),
  ];
  return renderedStep([
    longCommand({
      sql: `VACUUM (${options.join(', ')}) ${formatQualifiedName(step.partition)}`,
      locks: locksOn([step.partition], ['ShareUpdateExclusiveLock']),
      reason: step.reason,
    }),
  ]);
}
