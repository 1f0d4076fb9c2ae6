import { PartitiondError } from '../../errors.ts';
import { outdated } from '../../reconcile/claim-epoch.ts';
import { errorFields } from '../../telemetry/error-fields.ts';
import type { LogFields, Logger } from '../../telemetry/logger.ts';
import type { Metrics, RefusalReason } from '../../telemetry/metrics.ts';

/** Errors that say that this process must not lead, by code; any other error is trouble that may pass. */
const reasonByCode: Readonly<Record<string, RefusalReason>> = {
  PD120: 'journal-version',
  PD209: 'pooler',
  PD304: 'old-generation',
};

/** Null when `error` is no refusal. */
export function refusalReason(error: unknown): RefusalReason | null {
  return error instanceof PartitiondError ? (reasonByCode[error.code] ?? null) : null;
}

const explanations: Readonly<Record<'standby' | 'old-generation' | 'drained', string>> = {
  standby: 'The server is a standby; this process leads once it has been promoted. To lead now, point `url` at the primary.',
  'old-generation': outdated,
  drained: 'This process was drained (POST /-/drain) and does not lead again; restart it when it should.',
};

/** Whether one database may be led by this process: kept for the metrics, and logged when it changes. */
export class Refusal {
  readonly #database: string;
  readonly #metrics: Metrics;
  readonly #logger: Logger;
  #reason: RefusalReason | null = null;
  #times = 0;

  constructor(database: string, metrics: Metrics, logger: Logger) {
    this.#database = database;
    this.#metrics = metrics;
    this.#logger = logger;
  }

  get reason(): RefusalReason | null {
    return this.#reason;
  }

  /** How often in a row it was refused for the present reason. */
  get times(): number {
    return this.#times;
  }

  refuse(reason: keyof typeof explanations): void {
    this.#set(reason, { error: explanations[reason] });
  }

  refuseFor(reason: RefusalReason, error: unknown): void {
    this.#set(reason, errorFields(error));
  }

  allow(): void {
    if (this.#reason === null || this.#reason === 'drained') return;
    this.#reason = null;
    this.#times = 0;
    this.#metrics.refused(this.#database, null);
  }

  #set(reason: RefusalReason, fields: LogFields): void {
    // Drained is for good.
    if (this.#reason === 'drained') return;
    this.#times = this.#reason === reason ? this.#times + 1 : 1;
    if (this.#reason !== reason) this.#logger.warn('refusing to lead', { database: this.#database, reason, ...fields });
    this.#reason = reason;
    this.#metrics.refused(this.#database, reason);
  }
}
