import type { Configuration } from '../config/configuration.ts';
import type { Clock } from '../postgres/clock.ts';
import type { ReconcileObserver } from '../reconcile/event.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/** What all parts of the daemon share. */
export interface Surroundings {
  readonly configuration: Configuration;
  /** `clock.monotonicMs()` when that configuration was loaded: what was loaded earlier gives way to what was loaded later. */
  readonly loadedAtMs: number;
  readonly logger: Logger;
  /** Writes the events of runs to `logger`; one for the life of the process, as it remembers what repeats. */
  readonly logRun: ReconcileObserver;
  readonly metrics: Metrics;
  readonly clock: Clock;
  /** Recorded in the journal and the leadership row, for example `partitiond:run pod-1/7`. */
  readonly who: string;
  /** Ends the process with this error: what cannot be stopped in time must not go on. */
  readonly crash: (error: Error) => void;
}
