import { type Judgement, type MigrationCase, refuseUnlessWaived } from '../migration-case.ts';

/** What the way in which changes are captured asks of applications; rows that stay where they are need none. */
export function judgeCapture({ policy, strategy, table }: MigrationCase): Judgement {
  if (policy.migration.capture === 'log' || strategy === 'attach') return { refusals: [], notes: [] };
  const message = `With migration.capture: dual each write of ${table} writes the new table too: accept that, or write capture: log.`;
  const consequence = 'An error of the table that follows (no partition, a full disk) fails the write of the application.';
  return { refusals: [refuseUnlessWaived('dual-errors', table, message, consequence)], notes: [] };
}
