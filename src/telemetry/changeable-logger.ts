import { createLogger, type LogFields, type Logger, type LogSettings } from './logger.ts';

/** A log whose level and format may change while it is in use, its children's with them. */
export interface ChangeableLogger extends Logger {
  change(settings: LogSettings): void;
}

/** `create` is replaced by tests. A child of pino keeps the level of its birth, so children here are only fields that are added. */
export function createChangeableLogger(settings: LogSettings, create: (settings: LogSettings) => Logger = createLogger): ChangeableLogger {
  let current = create(settings);
  let { level, format } = settings;
  const change = (wanted: LogSettings): void => {
    if (wanted.level === level && wanted.format === format) return;
    ({ level, format } = wanted);
    current = create(wanted);
  };
  return { ...relay(() => current, {}), change };
}

function relay(current: () => Logger, own: LogFields): Logger {
  return {
    error: (message, fields) => current().error(message, { ...own, ...fields }),
    warn: (message, fields) => current().warn(message, { ...own, ...fields }),
    info: (message, fields) => current().info(message, { ...own, ...fields }),
    debug: (message, fields) => current().debug(message, { ...own, ...fields }),
    child: (fields) => relay(current, { ...own, ...fields }),
  };
}
