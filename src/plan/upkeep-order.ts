import { groupBy } from './group-by.ts';
import type { UpkeepStep } from './step.ts';

/**
 * The order in which a run takes the steps of several tables: freezes for age first, as a server that runs out of transactions stops all its
 * databases; then one step of each table in turn, so that none waits for all of another's. The steps of one table keep their order among
 * themselves, but for those freezes. Pure, throws nothing.
 */
export function byUrgency(steps: readonly UpkeepStep[]): readonly UpkeepStep[] {
  const others = steps.filter((step) => !isFreezeForAge(step));
  return [...takeTurns(steps.filter(isFreezeForAge)), ...takeTurns(others)];
}

/** A freeze for having closed is remembered; one that is for both its age and that comes first in its own table. */
function isFreezeForAge(step: UpkeepStep): boolean {
  return step.kind === 'vacuum' && step.freeze && step.frozen === null;
}

/** The first step of each table, in the order in which the tables appear, then the second of each, and so on. */
function takeTurns(steps: readonly UpkeepStep[]): readonly UpkeepStep[] {
  const rounds: UpkeepStep[][] = [];
  for (const ofTable of groupBy(steps, ({ tableOid }) => tableOid).values()) {
    for (const [round, step] of ofTable.entries()) {
      const others = rounds[round];
      if (others === undefined) rounds[round] = [step];
      else others.push(step);
    }
  }
  return rounds.flat();
}
