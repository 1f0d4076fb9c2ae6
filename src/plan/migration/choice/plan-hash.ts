import { fingerprint } from '../../../partition/fingerprint.ts';
import type { MigrationSpec } from '../../../partition/migration/spec.ts';
import type { MigrationStep } from '../migration-plan.ts';

/** Sixteen hexadecimal digits; the order of an object's fields does not matter, that of lists does. */
export function planHash(spec: MigrationSpec | null, steps: readonly MigrationStep[]): string {
  return fingerprint(canonical({ spec, steps }), 16);
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  });
}
