import type { RegrainRange } from '../../../partition/migration/spec.ts';
import { formatQualifiedName, quoteIdentifier } from '../../../partition/qualified-name.ts';

/** What of a migration is on one partition. */
export interface Equipment extends Pick<RegrainRange, 'name'> {
  /** Capture and guard. */
  readonly triggers: readonly string[];
  readonly check: string | null;
}

/** The partition as it would be without the migration. */
export function renderTakeAway({ name, triggers, check }: Equipment): readonly string[] {
  const table = formatQualifiedName(name);
  return [
    ...triggers.map((trigger) => `DROP TRIGGER ${quoteIdentifier(trigger)} ON ${table}`),
    ...(check === null ? [] : [`ALTER TABLE ${table} DROP CONSTRAINT ${quoteIdentifier(check)}`]),
  ];
}
