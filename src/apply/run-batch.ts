import type { Batch } from '../ddl/statement.ts';
import { unknownStep } from '../ddl/unknown-step.ts';
import type { Step } from '../plan/step.ts';
import { renderSpareMigrating } from './spare-migrating.ts';
import { elapsedMs, runStepTransaction, type StepRun } from './step-run.ts';
import { marksAfter } from './upkeep/marks.ts';
import { whatIsLeft } from './what-is-left.ts';

/** Where in its step a batch stands. */
export interface BatchPlace {
  /** The first batch brings the journal entry that begins the step, the last one the entries that close it. */
  readonly isFirst: boolean;
  readonly isLast: boolean;
  /** As of `Waiting`. */
  readonly atMostMs?: number;
  readonly whatIsLeft?: string;
}

/** A batch that is a transaction, with the journal entries that belong to it, under the step's lock budget. */
export async function runBatch(run: StepRun, batch: Batch, place: BatchPlace): Promise<void> {
  const transaction = {
    before: place.isFirst ? [run.entries.begin] : [],
    // Concurrently it was asked before.
    statements: [...batch.statements.map(({ sql }) => sql), ...(isPlainDetach(run.step) ? renderSpareMigrating(run) : [])],
    patience: batch.patience,
    // The index of a partitioned table goes with those of all partitions.
    isBounded: run.step.kind === 'drop-index',
  };
  const waiting = {
    wanted: batch.statements.flatMap(({ locks }) => locks),
    waitsForSnapshots: run.step.kind === 'finalize-detach',
    whatIsLeft: () => place.whatIsLeft ?? whatIsLeft(run.step),
    ...(place.atMostMs === undefined ? {} : { atMostMs: place.atMostMs }),
  };
  await runStepTransaction(run, transaction, waiting, () => (place.isLast ? closing(run) : []));
}

function isPlainDetach(step: Step): boolean {
  return step.kind === 'detach-partition' && !step.concurrently;
}

/** Journal entries that belong into the step's last transaction: true exactly when that commits. */
function closing(run: StepRun): readonly string[] {
  const { step, entries } = run;
  const end = {
    outcome: 'ok' as const,
    error: null,
    durationMs: elapsedMs(run),
    lockWaitMs: run.tally.lockWaitMs,
    lockTimeouts: run.tally.lockTimeouts,
  };
  switch (step.kind) {
    case 'detach-partition':
    case 'finalize-detach':
      return [entries.detached(step, 'detached', step.moveTo ?? step.partition), entries.finish(end)];
    case 'drop-table':
      return [entries.forgotten(step.partitionOid), entries.finish(end)];
    case 'create-default':
    case 'drop-guard':
      return [entries.finish(end)];
    case 'create-partition':
    case 'drain-default':
    case 'vacuum':
    case 'analyze':
    case 'reindex':
    case 'create-index':
    case 'attach-index':
    case 'drop-index':
      return [...marksAfter(step, run.context.journal.schema), entries.finish(end)];
    default:
      return unknownStep(step);
  }
}
