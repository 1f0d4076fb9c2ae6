import type { Waiver } from '../../../partition/migration/policy.ts';
import type { Refusal } from '../migration-plan.ts';

/** Refusals that stand, and those that the policy accepts. */
export interface Weighed {
  readonly refusals: readonly Refusal[];
  readonly waived: readonly Refusal[];
  /** Of waivers that nothing asks for. */
  readonly idle: readonly string[];
}

export function weigh(all: readonly Refusal[], waive: readonly Waiver[]): Weighed {
  const isWaived = ({ waiver }: Refusal): boolean => waiver !== null && waive.includes(waiver);
  const idle = waive.filter((waiver) => !all.some((refusal) => refusal.waiver === waiver));
  return {
    refusals: all.filter((refusal) => !isWaived(refusal)),
    waived: all.filter(isWaived),
    idle: idle.map((waiver) => `The waiver ${waiver} is not needed.`),
  };
}
