import type { Configuration } from '../../../src/config/configuration.ts';
import { parseConfiguration } from '../../../src/config/parse-configuration.ts';
import { ConfigError, type ConfigProblem } from '../../../src/errors.ts';
import type { TablePolicy } from '../../../src/partition/policy.ts';

type Env = Readonly<Record<string, string>>;

export function parse(text: string, env: Env = {}): Configuration {
  return parseConfiguration({ text, source: 'partitiond.yaml', env, folder: '/etc/partitiond' });
}

/** The error that a text is refused with; fails when the text is accepted. */
export function refusal(text: string, env: Env = {}): ConfigError {
  try {
    parse(text, env);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error(`was accepted:\n${text}`);
}

export function problemsOf(text: string, env: Env = {}): readonly ConfigProblem[] {
  return refusal(text, env).problems;
}

/** A whole configuration with one table whose further keys are given as a YAML flow map's inside. */
export function withTable(keys: string, rest = ''): string {
  return `databases: [{ name: app, url: "postgres://h/db", tables: [{ table: t, ${keys} }] }]\n${rest}`;
}

export function tableOf(configuration: Configuration): TablePolicy {
  const table = configuration.databases[0]?.tables[0];
  if (table === undefined) throw new Error('has no table');
  return table;
}
