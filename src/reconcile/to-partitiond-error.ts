import { InvariantError, PartitiondError } from '../errors.ts';

/**
 * Whatever was caught, as an error whose class says how to react. An aborted run's reason is thrown on as it is; everything that no room
 * classified is our own bug.
 */
export function toPartitiondError(error: unknown, doing: string, signal: AbortSignal): PartitiondError {
  if (signal.aborted && error === signal.reason) throw error;
  if (error instanceof PartitiondError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new InvariantError('PD901', `Could not ${doing}: ${message}. This is a bug in partitiond; please report it with the log.`, {
    cause: error,
  });
}
