import type { MaintenancePolicy } from '../../partition/policy.ts';
import type { RelationFacts, UpkeepFacts } from '../../partition/upkeep.ts';
import { countOf, formatCount } from '../wording.ts';
import { formatShare } from './quantities.ts';

/** Shares of a table mean nothing below it: a hundred rows of a small table are soon a tenth of it. */
const fewestRows = 1000;

/** Why the dead rows of a leaf are to be vacuumed; null: they are few. The number is reached, the share is passed. */
export function explainDeadRows(
  { vacuumDeadRows, vacuumDeadRatio }: MaintenancePolicy,
  { deadRows, liveRows }: RelationFacts,
): string | null {
  const what = `it has ${countOf(deadRows, 'dead row')}`;
  return comparison(deadRows, liveRows, vacuumDeadRows, vacuumDeadRatio, what);
}

/** Why a leaf is to be analysed for its rows; null: its statistics are good enough. */
export function explainStaleStatistics(policy: MaintenancePolicy, { isAnalyzed, changedRows, liveRows }: RelationFacts): string | null {
  if (!isAnalyzed && liveRows > 0) return `it was never analysed and has ${countOf(liveRows, 'row')}`;
  const what = `it has had ${countOf(changedRows, 'row change')} since it was analysed`;
  return comparison(changedRows, liveRows, policy.analyzeChangedRows, policy.analyzeChangedRatio, what);
}

/** Why a leaf is to be frozen for its age, in transactions or multixacts; null: it is young. */
export function explainAge(
  { freezeAgeRatio }: MaintenancePolicy,
  { xidAge, mxidAge }: RelationFacts,
  { freezeMaxAge, multixactFreezeMaxAge }: Pick<UpkeepFacts, 'freezeMaxAge' | 'multixactFreezeMaxAge'>,
): string | null {
  const reasons = [
    { what: 'oldest transaction', age: xidAge, limit: freezeMaxAge, setting: 'autovacuum_freeze_max_age' },
    { what: 'oldest multixact', age: mxidAge, limit: multixactFreezeMaxAge, setting: 'autovacuum_multixact_freeze_max_age' },
  ]
    .filter(({ age, limit }) => age >= freezeAgeRatio * limit)
    .map(({ what, age, limit, setting }) => {
      return `its ${what} is ${formatCount(age)} old, at least ${formatShare(freezeAgeRatio)} of ${setting} (${formatCount(limit)})`;
    });
  return reasons.length === 0 ? null : reasons.join(' and ');
}

/** How near to the limit the older of the two ages is; from 1 on autovacuum freezes by itself. */
export function ageShare(
  { xidAge, mxidAge }: Pick<RelationFacts, 'xidAge' | 'mxidAge'>,
  { freezeMaxAge, multixactFreezeMaxAge }: Pick<UpkeepFacts, 'freezeMaxAge' | 'multixactFreezeMaxAge'>,
): number {
  return Math.max(xidAge / freezeMaxAge, mxidAge / multixactFreezeMaxAge);
}

function comparison(count: number, liveRows: number, mostRows: number, ratio: number, what: string): string | null {
  if (count >= fewestRows && count > ratio * liveRows)
    return `${what}, more than ${formatShare(ratio)} of its ${countOf(liveRows, 'live row')}`;
  return count >= mostRows ? `${what}, and ${formatCount(mostRows)} are enough` : null;
}
