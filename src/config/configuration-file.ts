import { dirname } from 'node:path';
import type { Configuration } from './configuration.ts';
import { type ConfigurationSource, findConfigurationFile } from './load-configuration.ts';
import { parseConfiguration } from './parse-configuration.ts';
import { readTextLater } from './read-text.ts';

/**
 * The configuration file of a process that goes on living while its file changes. Which file that is was decided once: one that vanishes is
 * an error, and no reason to fall back on another. The environment is read anew with each `parse`.
 */
export interface ConfigurationFile {
  /** Absolute. */
  readonly name: string;
  /** Throws `ConfigError` PD102. */
  read(): Promise<string>;
  /** Throws `ConfigError` PD103 and PD104 with all problems. */
  parse(text: string): Configuration;
}

/** Throws `ConfigError` PD101 when there is none. */
export function configurationFile(source: ConfigurationSource): ConfigurationFile {
  const name = findConfigurationFile(source);
  return {
    name,
    read: () => readTextLater(name),
    parse: (text) => parseConfiguration({ text, source: name, env: source.env, folder: dirname(name) }),
  };
}
