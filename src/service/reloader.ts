import type { Configuration, Listener } from '../config/configuration.ts';
import type { ConfigurationFile } from '../config/configuration-file.ts';
import { ConfigError, type ConfigProblem } from '../errors.ts';
import type { Clock } from '../postgres/clock.ts';
import type { ChangeableLogger } from '../telemetry/changeable-logger.ts';
import { errorFields } from '../telemetry/error-fields.ts';
import type { Fleet, FleetChange } from './fleet.ts';

/** What came of a reload; after a failed one the old configuration is in force. */
export type ReloadOutcome =
  | ({ readonly kind: 'loaded' } & FleetChange & { readonly needsRestart: readonly string[] })
  | { readonly kind: 'failed'; readonly error: string; readonly problems: readonly ConfigProblem[] };

export type ReloadCause = 'file' | 'SIGHUP' | 'request';

/** Whoever goes over to what was loaded. */
type ReloadedFleet = Pick<Fleet, 'surroundings' | 'adopt'>;

/** A file that is being written is read until it stays the same for this long. */
const settledAfterMs = 250;

/** Then what is there is loaded: a file that never stays the same must not keep its changes from coming into force. */
const mostLooks = 8;

/** A file that is gone has no text; what is said of it then takes its place. */
type Sight = { readonly text: string } | { readonly error: Error };

/**
 * Loads the configuration file again, one reload after the other. A file that cannot be used changes nothing but the metrics, and is told
 * once. Listeners stay where they are; of a changed address only a restart takes notice.
 */
export class Reloader {
  readonly #file: ConfigurationFile;
  readonly #fleet: ReloadedFleet;
  readonly #logger: ChangeableLogger;
  readonly #listeners: Pick<Configuration, 'http' | 'admin'>;
  #seen: string;
  #turn: Promise<unknown> = Promise.resolve();

  /** `text` is what the configuration in force was parsed from. */
  constructor(file: ConfigurationFile, text: string, fleet: ReloadedFleet, logger: ChangeableLogger) {
    this.#file = file;
    this.#fleet = fleet;
    this.#logger = logger;
    this.#listeners = fleet.surroundings.configuration;
    this.#seen = fingerprint({ text });
  }

  /** Loads what the file holds now, also when it is the same: whoever asks wants a configuration that counts as loaded now. */
  reload(cause: ReloadCause): Promise<ReloadOutcome> {
    return this.#inTurn(async () => await this.#load(await this.#look(), cause));
  }

  /** Loads what the file holds when that differs from what was last seen there, be it good or bad. */
  async check(signal: AbortSignal): Promise<void> {
    let last = fingerprint(await this.#look());
    if (last === this.#seen) return;
    // Not in turn: an order to reload waits for no writer.
    for (let looks = 0; looks < mostLooks; looks += 1) {
      await this.#clock.sleep(settledAfterMs, signal);
      const now = fingerprint(await this.#look());
      if (now === last) break;
      last = now;
    }
    await this.#inTurn(async () => {
      const sight = await this.#look();
      if (fingerprint(sight) !== this.#seen) await this.#load(sight, 'file');
    });
  }

  get #clock(): Clock {
    return this.#fleet.surroundings.clock;
  }

  async #inTurn<T>(body: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(body, body);
    this.#turn = turn;
    return await turn;
  }

  async #look(): Promise<Sight> {
    try {
      return { text: await this.#file.read() };
    } catch (error) {
      return { error: toError(error) };
    }
  }

  async #load(sight: Sight, cause: ReloadCause): Promise<ReloadOutcome> {
    this.#seen = fingerprint(sight);
    const before = this.#fleet.surroundings;
    const configuration = 'error' in sight ? sight.error : this.#parse(sight.text);
    before.metrics.configurationLoaded(!(configuration instanceof Error));
    if (configuration instanceof Error) {
      const fields = { cause, file: this.#file.name, ...errorFields(configuration) };
      this.#logger.error('configuration not loaded, the old one stays in force', fields);
      const problems = configuration instanceof ConfigError ? configuration.problems : [];
      return { kind: 'failed', error: configuration.message, problems };
    }
    this.#logger.change(configuration.log);
    const change = await this.#fleet.adopt({ ...before, configuration, loadedAtMs: this.#clock.monotonicMs() });
    const needsRestart = this.#warnOfListeners(configuration);
    this.#logger.info('configuration loaded', { cause, file: this.#file.name, ...change });
    return { kind: 'loaded', ...change, needsRestart };
  }

  /** Whatever goes wrong here, a daemon that works goes on with what it has. */
  #parse(text: string): Configuration | Error {
    try {
      return this.#file.parse(text);
    } catch (error) {
      return toError(error);
    }
  }

  #warnOfListeners(configuration: Configuration): readonly string[] {
    const moved = (['http', 'admin'] as const).filter((name) => !isSame(configuration[name], this.#listeners[name]));
    if (moved.length > 0) this.#logger.warn('restart needed: addresses of listeners do not change while running', { keys: moved });
    return moved;
  }
}

function fingerprint(sight: Sight): string {
  return 'text' in sight ? `text ${sight.text}` : `error ${sight.error.message}`;
}

function isSame(one: Listener, other: Listener): boolean {
  return one.host === other.host && one.port === other.port;
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
