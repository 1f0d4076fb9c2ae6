import type { TablePolicy } from './policy.ts';

/** The probe of a table that names none: that the rows of the current interval are found in one partition. */
export const automaticProbe = 'current-interval';

/** The probes that a table has, in their order. Pure, throws nothing. */
export function probeNames({ probes }: Pick<TablePolicy, 'probes'>): readonly string[] {
  return probes.length === 0 ? [automaticProbe] : probes.map(({ name }) => name);
}
