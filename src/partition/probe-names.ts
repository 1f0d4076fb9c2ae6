import type { TablePolicy } from './policy.ts';
import { automaticProbe } from './probe-record.ts';

/** The probes that a table has, in their order. Pure, throws nothing. */
export function probeNames({ probes }: Pick<TablePolicy, 'probes'>): readonly string[] {
  return probes.length === 0 ? [automaticProbe] : probes.map(({ name }) => name);
}
