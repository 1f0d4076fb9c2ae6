import { LockTimeoutError, PartitiondError, StatementError } from '../errors.ts';
import type { LogFields } from './logger.ts';

/**
 * An error as log fields: `code` (PDnnn), `errorClass`, `error` (its sentence), what its context holds (`sqlstate`, relation, constraint) and
 * the blockers of a lock. Never its cause: that may be the server's own error, whose `detail` and `where` quote rows.
 */
export function errorFields(error: unknown): LogFields {
  if (error instanceof PartitiondError) {
    const blockers = error instanceof LockTimeoutError ? { blockers: error.blockers.map((blocker) => ({ ...blocker })) } : {};
    const state = error instanceof StatementError ? { sqlstate: error.sqlstate } : {};
    return { ...state, ...error.context, code: error.code, errorClass: error.name, error: error.message, ...blockers };
  }
  if (error instanceof Error) return { code: 'PD901', errorClass: error.name, error: error.message, stack: error.stack };
  return { code: 'PD901', errorClass: typeof error, error: String(error) };
}
