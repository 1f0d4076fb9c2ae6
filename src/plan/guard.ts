/** Refusals: what stops removals as a whole. A refusal never trims, for a half-done removal would hide the mistake behind it. */
import { formatQualifiedName } from '../partition/qualified-name.ts';
import { type Finding, failure, warning } from './finding.ts';
import type { Removal } from './removal.ts';
import type { Step } from './step.ts';
import type { Subject } from './subject.ts';
import { countOf, formatCount } from './wording.ts';

export interface Guarded {
  /** The removals' steps when nothing objects. */
  readonly steps: readonly Step[];
  /** The same steps when a guard objects; one of the two is empty. */
  readonly refused: readonly Step[];
  readonly findings: readonly Finding[];
}

/**
 * Lets all removals of one table pass, or none: none while the two clocks disagree by more than `safety.maxClockSkewMs`, none when there
 * are more than `safety.maxRemovals` (or `allowRemovals`). A clock that is off is a finding also when nothing is due, an error only when
 * it stops something. When this run does no retention anyway, both are mere warnings. `enough` is the allowance that the printed command
 * asks for: at least as many as are due now.
 */
export function guardRemovals(subject: Subject, removals: readonly Removal[], enough: number): Guarded {
  const steps = removals.flatMap((removal): readonly Step[] => removal.steps);
  const objections = [...clockObjections(subject, removals.length), ...budgetObjections(subject, removals.length, enough)];
  const isRefused = objections.length > 0 && removals.length > 0;
  const report = isRefused && subject.context.tasks.includes('retention') ? failure : warning;
  const findings = objections.map(({ kind, message }) => report(kind, message));
  return isRefused ? { steps: [], refused: steps, findings } : { steps, refused: [], findings };
}

type Objection = Pick<Finding, 'kind' | 'message'>;

function clockObjections({ policy, table, context }: Subject, removals: number): readonly Objection[] {
  const skewMs = Math.abs(context.clockSkewMs);
  const { maxClockSkewMs } = context.safety;
  if ((policy.retention === null && removals === 0) || skewMs <= maxClockSkewMs) return [];
  const what = `The database's clock and the local one are ${seconds(skewMs)} apart, more than safety.maxClockSkew (${seconds(maxClockSkewMs)})`;
  const effect =
    removals === 0
      ? 'nothing would be removed'
      : `${countOf(removals, 'removal')} due for ${formatQualifiedName(table.name)} ${removals === 1 ? 'was' : 'were'} refused`;
  return [{ kind: 'clock-skew', message: `${what}; ${effect}. Set the clocks right.` }];
}

function budgetObjections({ table, context }: Subject, removals: number, enough: number): readonly Objection[] {
  const allowed = context.allowRemovals ?? context.safety.maxRemovals;
  if (removals <= allowed) return [];
  const name = formatQualifiedName(table.name);
  const limit =
    context.allowRemovals === null
      ? `safety.maxRemovals allows ${formatCount(allowed)}`
      : `--allow-removals allows ${formatCount(allowed)}`;
  const what = `${countOf(removals, 'partition')} of ${name} would be detached or dropped in one run, and ${limit}; none was`;
  return [
    {
      kind: 'removal-budget',
      message: `${what}. To remove them, raise safety.maxRemovals to ${enough} and reload; or stop or drain the daemons, then run: partitiond apply --only retention --table ${shellWord(name)} --allow-removals ${enough}`,
    },
  ];
}

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}

/** Names are just names: one with blanks or quotes must survive being pasted into a shell. */
function shellWord(name: string): string {
  return /^[\w.]+$/.test(name) ? name : `'${name.replaceAll("'", "'\\''")}'`;
}
