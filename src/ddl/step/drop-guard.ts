import { formatQualifiedName, quoteIdentifier } from '../../partition/qualified-name.ts';
import type { DropGuard } from '../../plan/step.ts';
import { locksOn } from '../foreign-key-locks.ts';
import { briefTransaction, renderedStep } from '../rendered-step.ts';
import type { RenderedStep } from '../statement.ts';

export function renderDropGuard(step: DropGuard): RenderedStep {
  return renderedStep([
    briefTransaction([
      {
        sql: `ALTER TABLE ${formatQualifiedName(step.partition)} DROP CONSTRAINT ${quoteIdentifier(step.constraint)}`,
        locks: locksOn([step.partition], ['AccessExclusiveLock']),
        reason: step.reason,
      },
    ]),
  ]);
}
