import type { Environment } from '../../config/environment.ts';
import type { Clock } from '../../postgres/clock.ts';
import type { Terminal } from './terminal.ts';

/** All that a command may touch outside itself; made from the process by process-io.ts, by tests from what they like. */
export interface Io {
  /** Results. */
  readonly stdout: Terminal;
  /** Logs, progress and errors. */
  readonly stderr: Terminal;
  /** Aborted by the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
  /**
   * Calls `listener` at each SIGHUP until the answer is called. While nobody listens, SIGHUP ends the process as it does any other; but for
   * `run`, whose listener is called for one that came before it.
   */
  onHangup(listener: () => void): () => void;
  readonly clock: Clock;
  /** Of the package, for example `0.1.0`. */
  readonly version: string;
  /** Where the configuration is looked for, and what fills its `${NAME}`s. */
  readonly environment: Environment;
  readonly cwd: string;
  /** Host and process id, for example `pod-1/4711`: tells this run from others in the journal. */
  readonly host: string;
}
