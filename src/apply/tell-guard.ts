import { ConnectionError, InvariantError, LockTimeoutError, NotLeaderError, type PartitiondError, StatementError } from '../errors.ts';
import { formatQualifiedName } from '../partition/qualified-name.ts';
import type { Step } from '../plan/step.ts';
import type { StepRun } from './step-run.ts';

/** `error` with the news that the step's guard is still there: what it does, and how it goes. `reason`: why it could not be dropped. */
export function tellGuard(run: StepRun, error: PartitiondError, reason: PartitiondError | null): PartitiondError {
  const { guard, from, to } = guardOf(run.step);
  if (guard === null) return error;
  const range = `${from === null ? '' : ` from ${from}`}${to === null ? '' : ` up to ${to}`}`;
  const news =
    `It left the constraint ${guard.constraint} on ${formatQualifiedName(guard.defaultPartition)}, which refuses rows${range} (SQLSTATE 23514) ` +
    `until it is dropped. The next run drops it; sooner: ${run.rendered.cleanup.map(({ sql }) => `${sql};`).join(' ')}`;
  const why = reason === null || reason === error ? '' : ` ${reason.message}`;
  return withMessage(error, `${error.message}${why} ${news}`, { ...error.context, leftConstraint: guard.constraint });
}

function guardOf(step: Step): Pick<Extract<Step, { kind: 'create-partition' }>, 'guard' | 'from' | 'to'> {
  return step.kind === 'create-partition' ? step : { guard: null, from: null, to: null };
}

/** The same error of the same class, for reactions depend on that. */
function withMessage(error: PartitiondError, message: string, context: PartitiondError['context']): PartitiondError {
  const options = { cause: error, context };
  if (error instanceof LockTimeoutError) return new LockTimeoutError(error.code, message, error.blockers, options);
  if (error instanceof StatementError) return new StatementError(error.code, message, error.sqlstate, options);
  if (error instanceof ConnectionError) return new ConnectionError(error.code, message, options);
  if (error instanceof NotLeaderError) return new NotLeaderError(error.code, message, options);
  return new InvariantError(error.code, message, options);
}
