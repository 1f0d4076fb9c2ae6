import { InvariantError } from '../../errors.ts';
import type { UpkeepStep } from '../../plan/step.ts';
import type { Session } from '../../postgres/session.ts';
import { conflictingModes } from '../lock-conflicts.ts';
import type { Yield } from '../step-report.ts';
import { decodeSight, lookSql, type Sight } from './look.sql.ts';

/** Looks at what `step` is about; one round trip, no lock on it. */
export async function look(session: Session, step: UpkeepStep, signal: AbortSignal): Promise<Sight> {
  const index = 'index' in step ? step.index : null;
  const parent = step.kind === 'attach-index' ? step.parentIndex : null;
  const { partition, partitionOid, tableOid } = step;
  const names = [
    partition.schema,
    partition.name,
    index?.schema ?? null,
    index?.name ?? null,
    parent?.schema ?? null,
    parent?.name ?? null,
  ];
  const parameters = [partitionOid, tableOid, ...names, conflictingModes('ShareUpdateExclusiveLock')];
  const [sight] = await session.rows(lookSql, parameters, decodeSight, signal);
  if (sight === undefined) throw new InvariantError('PD910', 'look-before-upkeep returned no row');
  return sight;
}

/** Whether what the step works on is no longer what the plan saw: dropped, detached, renamed, or another index by that name. */
export function isGone(step: UpkeepStep, sight: Sight): boolean {
  if (!sight.isThere) return true;
  if (step.kind === 'reindex' || step.kind === 'drop-index') return sight.indexOid !== step.indexOid;
  return step.kind === 'attach-index' && sight.indexOid === null;
}

/**
 * For whose sake the step is better not begun; null: it may begin. Brief steps wait for their locks under the ladder instead.
 */
export function reasonToYield(step: UpkeepStep, sight: Sight, isBrief: boolean): Yield | null {
  if (isGone(step, sight)) return 'gone';
  if (isBrief || !sight.isLocked) return null;
  return sight.isAutovacuumed ? 'autovacuum' : 'locked';
}
