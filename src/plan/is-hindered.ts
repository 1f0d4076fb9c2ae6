import type { FindingKind } from './finding.ts';
import type { Plan } from './plan.ts';

/** What the guards of removals say when they refuse: an error to the caller of `apply`, yet the table's work was done as it should be. */
const refusals: ReadonlySet<FindingKind> = new Set<FindingKind>(['clock-skew', 'removal-budget']);

/** Whether something keeps the table's work from being done (it is missing, its key or the role's privileges do not do); pure. */
export function isHindered(plan: Pick<Plan, 'findings'> | null): boolean {
  return plan?.findings.some(({ severity, kind }) => severity === 'error' && !refusals.has(kind)) === true;
}
