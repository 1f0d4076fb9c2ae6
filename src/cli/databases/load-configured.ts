import type { Configuration } from '../../config/configuration.ts';
import { type ConfigurationFile, configurationFile } from '../../config/configuration-file.ts';
import { type ConfigurationSource, loadConfiguration } from '../../config/load-configuration.ts';
import type { Invocation } from '../command-line/invocation.ts';
import { options } from '../command-line/options.ts';
import type { Io } from '../output/io.ts';

/** The configuration that `--config` names, else the one found in the usual places. Throws `ConfigError` with all its problems. */
export function loadConfigured(invocation: Invocation, io: Io): Configuration {
  return loadConfiguration(sourceOf(invocation, io));
}

/** The same file for a command that goes on while it changes. Throws `ConfigError` PD101. */
export function configuredFile(invocation: Invocation, io: Io): ConfigurationFile {
  return configurationFile(sourceOf(invocation, io));
}

function sourceOf(invocation: Invocation, io: Io): ConfigurationSource {
  return { file: invocation.value(options.config), env: io.environment, cwd: io.cwd };
}
