import { addSpan } from '../partition/calendar.ts';
import { formatSpan } from '../partition/interval.ts';
import type { RangePartition } from '../partition/partition.ts';
import type { Retention } from '../partition/policy.ts';
import type { EpochMicros, Range } from '../partition/position.ts';
import type { QualifiedName } from '../partition/qualified-name.ts';
import { boundLiterals } from './bound-literals.ts';
import type { DetachPartition, DropTable } from './step.ts';
import type { Subject } from './subject.ts';

/** One table that goes: detached, dropped, or one right after the other. Counts once against the removal budget. */
export interface Removal {
  readonly range: Range;
  readonly steps: readonly (DetachPartition | DropTable)[];
}

/** Where a detached table goes: a free name in `retention.schema`, or null to leave it where it is. */
export type ChooseMove = (partition: { readonly name: QualifiedName }) => QualifiedName | null;

export const withoutGrace = 'detached tables are dropped without grace';

/**
 * The steps that take expired partitions out of their table, one removal each in their order: a detach, and the drop with it where the
 * policy gives no grace. `defaultPartition` is the one that exists by then. CONCURRENTLY needs neither a default partition nor
 * another pending detach; those are completed earlier in the same plan, and should that fail, so does the detach, without harm. Source: postgresql.org/docs/18/sql-altertable.html (DETACH PARTITION).
 */
export function planRemovals(
  subject: Subject,
  expired: readonly RangePartition[],
  defaultPartition: QualifiedName | null,
  chooseMove: ChooseMove,
): readonly Removal[] {
  const { table, context, window } = subject;
  if (window === null) return [];
  const { retention, cutoff } = window;
  const { display } = table.codec;
  const concurrently = defaultPartition === null;
  const dropAfter = dropTime(subject, retention, context.now);
  const isDropped = dropAfter !== null && dropAfter <= context.now;
  return expired.map((partition) => {
    const range: Range = { from: partition.bound.from, to: partition.bound.to };
    const moveTo = chooseMove(partition);
    const detach: DetachPartition = {
      kind: 'detach-partition',
      table: table.name,
      tableOid: table.oid,
      partition: partition.name,
      partitionOid: partition.oid,
      range,
      ...boundLiterals(table.codec, range),
      concurrently,
      defaultPartition,
      moveTo,
      dropAfter,
      references: table.references,
      referencedBy: table.referencedBy,
      reason: `it ends at ${display(range.to)}, and what lies before ${display(cutoff)} has left retention (keep: ${formatSpan(retention.keep)})`,
      task: 'retention',
    };
    if (!isDropped) return { range, steps: [detach] };
    return { range, steps: [detach, dropStep(subject, partition.oid, moveTo ?? partition.name, range, withoutGrace)] };
  });
}

/** The drop of a table that is detached by then; `name` is what it is called then. */
export function dropStep({ table }: Subject, partitionOid: string, name: QualifiedName, range: Range, reason: string): DropTable {
  return {
    kind: 'drop-table',
    table: table.name,
    tableOid: table.oid,
    partition: name,
    partitionOid,
    range,
    ...boundLiterals(table.codec, range),
    references: table.references,
    reason,
    task: 'retention',
  };
}

/**
 * When a table detached at `detachedAt` may be dropped; null means never by partitiond. A grace that is no time is read as "at once" only
 * when it is zero: the configuration allows nothing else, and a doubt must not drop a table.
 */
export function dropTime({ policy }: Subject, { action, grace }: Retention, detachedAt: EpochMicros): EpochMicros | null {
  if (action !== 'drop' || grace === null) return null;
  if (grace.kind === 'calendar') return addSpan(detachedAt, grace, policy.timezone, 1);
  return grace.distance === 0n ? detachedAt : null;
}
