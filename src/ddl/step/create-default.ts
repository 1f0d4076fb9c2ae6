import { formatQualifiedName } from '../../partition/qualified-name.ts';
import type { CreateDefault } from '../../plan/step.ts';
import { carryAfterAttach, carryBeforeAttach } from '../carry/carry-properties.ts';
import { renderCreateLike } from '../carry/create-like.ts';
import { attachForeignKeyLocks, locksOn } from '../foreign-key-locks.ts';
import { briefTransaction, renderedStep } from '../rendered-step.ts';
import type { RenderedStep } from '../statement.ts';

/** A default partition made like any other; it is empty, so ATTACH has nothing to scan and no CHECK is needed. */
export function renderCreateDefault(step: CreateDefault, serverVersion: number): RenderedStep {
  return renderedStep([
    briefTransaction([
      renderCreateLike(step.partition, step.table, step.template, step.storage),
      ...carryBeforeAttach(step.partition, step.table, step.template),
      {
        sql: `ALTER TABLE ${formatQualifiedName(step.table)} ATTACH PARTITION ${formatQualifiedName(step.partition)} DEFAULT`,
        locks: [...locksOn([step.table], ['ShareUpdateExclusiveLock']), ...attachForeignKeyLocks(step, serverVersion)],
        reason: step.reason,
      },
      ...carryAfterAttach(step.partition, step.template),
    ]),
  ]);
}
