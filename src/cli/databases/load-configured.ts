import type { Configuration } from '../../config/configuration.ts';
import { loadConfiguration } from '../../config/load-configuration.ts';
import type { Invocation } from '../command-line/invocation.ts';
import { options } from '../command-line/options.ts';
import type { Io } from '../output/io.ts';

/** The configuration that `--config` names, else the one found in the usual places. Throws `ConfigError` with all its problems. */
export function loadConfigured(invocation: Invocation, io: Io): Configuration {
  return loadConfiguration({ file: invocation.value(options.config), env: io.environment, cwd: io.cwd });
}
