import { createRequire } from 'node:module';
import { pino } from 'pino';
import { withoutSecrets } from './without-secrets.ts';

/**
 * What a log field may be. Values are what an operator searches for (names, counts, SQL text, durations in milliseconds); passwords,
 * parameter values and row data never are. Bigints become strings at the caller, so that no reader loses digits.
 */
export type LogValue = string | number | boolean | null | undefined | readonly LogValue[] | { readonly [field: string]: LogValue };
export type LogFields = Readonly<Record<string, LogValue>>;

/** The message is constant, everything variable is a field; so that a search for a message finds every line of its kind. */
export interface Logger {
  error(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
  /** The same log with `fields` on every line. */
  child(fields: LogFields): Logger;
}

export interface LogSettings {
  readonly level: 'error' | 'warn' | 'info' | 'debug';
  readonly format: 'json' | 'pretty';
}

/** Where lines go; a file descriptor's stream or, in tests, a list. */
export interface LogDestination {
  write(line: string): void;
}

/**
 * A log on stderr (stdout is for results), written synchronously, so that the last line before an exit or a crash is never lost. `pretty`
 * loads pino-pretty on first use; `destination` replaces stderr. Every text passes `withoutSecrets`.
 */
export function createLogger(settings: LogSettings, destination?: LogDestination): Logger {
  const options = {
    level: settings.level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const target = destination ?? pino.destination({ dest: 2, sync: true });
  return wrap(pino(options, settings.format === 'pretty' ? prettyDestination(target) : target));
}

/** A log that says nothing: for tests and for callers that want events only. */
export const silentLogger: Logger = { error: drop, warn: drop, info: drop, debug: drop, child: () => silentLogger };

function drop(): void {}

function wrap(inner: pino.Logger): Logger {
  return {
    error: (message, fields) => inner.error(clean(fields), message),
    warn: (message, fields) => inner.warn(clean(fields), message),
    info: (message, fields) => inner.info(clean(fields), message),
    debug: (message, fields) => inner.debug(clean(fields), message),
    child: (fields) => wrap(inner.child(clean(fields))),
  };
}

function clean(fields: LogFields = {}): Record<string, LogValue> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, cleanValue(value)]));
}

function cleanValue(value: LogValue): LogValue {
  if (typeof value === 'string') return withoutSecrets(value);
  if (value === null || typeof value !== 'object') return value;
  return isList(value) ? value.map(cleanValue) : clean(value);
}

function isList(value: readonly LogValue[] | LogFields): value is readonly LogValue[] {
  return Array.isArray(value);
}

function prettyDestination(inner: LogDestination): LogDestination {
  // createRequire: pino-pretty takes 30 ms to load, and a synchronous factory cannot wait for import().
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- require() knows no types; the package's own are checked here.
  const { prettyFactory } = createRequire(import.meta.url)('pino-pretty') as typeof import('pino-pretty');
  // hasColors knows NO_COLOR and friends.
  const format = prettyFactory({ colorize: process.stderr.isTTY && process.stderr.hasColors(), singleLine: true });
  return { write: (line) => inner.write(format(line)) };
}
