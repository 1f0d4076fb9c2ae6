import { InvariantError } from '../errors.ts';
import { errorFields } from '../telemetry/error-fields.ts';
import type { Logger } from '../telemetry/logger.ts';

export interface CrashSwitch {
  /** The first call counts. */
  readonly crash: (error: Error) => void;
  /** Pending until `crash`, then rejected; never an unhandled rejection. */
  readonly crashed: Promise<never>;
}

/** The way out when something cannot be stopped in time. Whatever it was, the process ends as for a bug (exit code 70). */
export function crashSwitch(logger: Logger): CrashSwitch {
  const { promise, reject } = pending();
  promise.catch(() => undefined);
  let isCrashed = false;
  const crash = (error: Error): void => {
    if (isCrashed) return;
    isCrashed = true;
    logger.error('crashed', errorFields(error));
    reject(error instanceof InvariantError ? error : new InvariantError('PD901', `Crashed: ${error.message}`, { cause: error }));
  };
  return { crash, crashed: promise };
}

function pending(): { readonly promise: Promise<never>; readonly reject: (error: Error) => void } {
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<never>((_, refuse) => {
    reject = refuse;
  });
  return { promise, reject };
}
