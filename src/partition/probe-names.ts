import type { TablePolicy } from './policy.ts';

/** What a table without probes of its own gets: the rows of its current interval must be found in one partition. */
export const automaticProbeName = 'current-interval';

/** The probes that a table has, in their order. Pure, throws nothing. */
export function probeNames({ probes }: Pick<TablePolicy, 'probes'>): readonly string[] {
  return probes.length === 0 ? [automaticProbeName] : probes.map(({ name }) => name);
}
