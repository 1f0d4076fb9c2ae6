import type { RenderedStep } from '../ddl/statement.ts';
import { renderForgetDetached, renderRecordDetached } from '../journal/detached-tables.ts';
import { type OperationEnd, type OperationStart, renderBeginOperation, renderFinishOperation } from '../journal/operations.ts';
import type { QualifiedName } from '../partition/qualified-name.ts';
import type { DetachPartition, FinalizeDetach, Step } from '../plan/step.ts';
import type { ApplyContext } from './apply-context.ts';

/** The journal's entries of one step, as statements that travel in the transactions of the step itself. */
export interface OperationEntries {
  /** May be sent any number of times. */
  readonly begin: string;
  finish(end: Omit<OperationEnd, 'id'>): string;
  /** Begin and end in one, for `renderWholeOperations`. */
  readonly start: OperationStart;
  /** For steps that detach: under which name the table can be found again. */
  detached(step: DetachPartition | FinalizeDetach, state: 'detaching' | 'detached', name: QualifiedName): string;
  forgotten(oid: string): string;
}

export function operationEntries(step: Step, rendered: RenderedStep, journal: ApplyContext['journal']): OperationEntries {
  const id = globalThis.crypto.randomUUID();
  const { schema, runId, who } = journal;
  const hasBound = 'from' in step;
  const start: OperationStart = {
    id,
    runId,
    task: step.task,
    kind: step.kind,
    table: step.table,
    partition: step.partition,
    from: hasBound ? step.from : null,
    to: hasBound ? step.to : null,
    reason: step.reason,
    sql: sqlOf(rendered),
    who,
  };
  return {
    start,
    begin: renderBeginOperation(schema, start),
    finish: (end) => renderFinishOperation(schema, { ...end, id }),
    detached: (detach, state, name) =>
      renderRecordDetached(schema, {
        runId,
        parent: detach.table,
        parentOid: detach.tableOid,
        oid: detach.partitionOid,
        name,
        from: detach.from,
        to: detach.to,
        state,
        dropAfter: detach.dropAfter,
      }),
    forgotten: (oid) => renderForgetDetached(schema, oid),
  };
}

/** The statements of all batches, in order, without what apply puts around them. */
export function sqlOf(rendered: RenderedStep): readonly string[] {
  return rendered.batches.flatMap((batch) => batch.statements.map((statement) => statement.sql));
}
